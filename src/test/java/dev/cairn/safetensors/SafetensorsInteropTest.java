package dev.cairn.safetensors;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.PythonScript;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Asks the reference libraries, in one Python process, about files and splits made here. */
@Tag("python")
class SafetensorsInteropTest {
  private static final Path SCRIPT = Path.of("src/test/python/interop_safetensors.py");
  private static final int RANDOM_FILES = 60;
  private static final List<String> SIZES =
      List.of("50GB", "500MB", "5kb", "1.5GB", "0.1GB", "2.3KB", "7.77TB", " 5 KB ", "5GiB", "GB");

  @TempDir static Path folder;
  private static Map<String, Object> answers;
  private static final List<byte[]> CORPUS = new ArrayList<>();
  private static final List<Integer> REFUSED_HERE = new ArrayList<>();
  private static final List<Split> SPLITS = new ArrayList<>();

  private record Split(List<Integer> sizes, int maxShardBytes) {}

  @BeforeAll
  static void askPython() throws Exception {
    Path files = Files.createDirectory(folder.resolve("files"));
    Random random = new Random(11);
    for (int i = 0; i < RANDOM_FILES; i++) {
      Files.write(files.resolve("random_" + i), randomFile(random));
    }
    Files.write(files.resolve("values"), valuesFile());
    writeCorpus(files);
    for (int i = 0; i < 300; i++) {
      SPLITS.add(randomSplit(random));
    }
    Files.write(folder.resolve("questions.json"), Json.compact(questions()));
    PythonScript.run("SafetensorsInteropTest", folder.resolve("log"), 5, SCRIPT, folder.toString());
    answers = Json.parseObject(Files.readAllBytes(folder.resolve("answers.json")));
  }

  private static Map<String, Object> questions() {
    Map<String, Object> questions = new LinkedHashMap<>();
    questions.put(
        "splits",
        SPLITS.stream().map(s -> Map.of("sizes", s.sizes(), "max", s.maxShardBytes())).toList());
    questions.put("sizes", SIZES);
    questions.put("load", "values");
    return questions;
  }

  @Test
  void filesMadeHereAreReadAndWrittenAgainByteForByte() throws IOException {
    Map<?, ?> read = (Map<?, ?>) answers.get("read");
    int writtenAgain = 0;
    for (int i = 0; i < RANDOM_FILES; i++) {
      String name = "random_" + i;
      assertEquals("ok", read.get(name), name);
      Path again = folder.resolve("again").resolve(name);
      if (Files.exists(again)) {
        writtenAgain++;
        assertArrayEquals(
            Files.readAllBytes(folder.resolve("files").resolve(name)), Files.readAllBytes(again));
      }
    }
    assertNotEquals(0, writtenAgain);
  }

  @Test
  void valuesAndShapesArriveInTorch() {
    Map<?, ?> loaded = (Map<?, ?>) answers.get("loaded");
    assertEquals(
        "[torch.float32, [2, 2], [1.0, -2.5, 3.0, 0.0]]", String.valueOf(loaded.get("float")));
    assertEquals("[torch.bfloat16, [], [1.0]]", String.valueOf(loaded.get("scalar")));
    assertEquals("[torch.int64, [0, 3], []]", String.valueOf(loaded.get("empty")));
    assertEquals(3, loaded.size());
  }

  @Test
  void verdictsAreThoseOfTheReferenceButForDuplicateKeys() {
    Map<?, ?> read = (Map<?, ?>) answers.get("read");
    List<String> stricter = new ArrayList<>();
    for (int i = 0; i < CORPUS.size(); i++) {
      boolean accepted = "ok".equals(read.get("corpus_" + i));
      boolean acceptedHere = !REFUSED_HERE.contains(i);
      String header = new String(CORPUS.get(i), ISO_8859_1);
      if (!accepted) {
        assertEquals(false, acceptedHere, header + " but " + read.get("corpus_" + i));
      } else if (!acceptedHere) {
        stricter.add(header);
      }
    }
    assertEquals(2, stricter.size(), stricter.toString());
    assertEquals(
        true, stricter.get(0).contains("\"a\":{") && stricter.get(1).endsWith("\"x\":1}}"));
  }

  @Test
  void splitsAreThoseOfTheReference() {
    List<?> expected = (List<?>) answers.get("splits");
    for (int i = 0; i < SPLITS.size(); i++) {
      assertEquals(expected.get(i), split(SPLITS.get(i)), SPLITS.get(i).toString());
    }
  }

  @Test
  void sizesAreThoseOfTheReference() {
    List<?> expected = (List<?>) answers.get("sizes");
    for (int i = 0; i < SIZES.size(); i++) {
      String text = SIZES.get(i);
      if (expected.get(i) == null) {
        assertThrows(IllegalArgumentException.class, () -> Sharding.parseSize(text), text);
      } else {
        assertEquals(((JsonNumber) expected.get(i)).longValue(), Sharding.parseSize(text), text);
      }
    }
  }

  private static Map<String, List<String>> split(Split split) {
    List<TensorInfo> infos = new ArrayList<>();
    for (int size : split.sizes()) {
      infos.add(new TensorInfo("t" + infos.size(), DType.U8, Shape.of(size)));
    }
    List<List<TensorInfo>> shards = Sharding.split(infos, split.maxShardBytes());
    Map<String, List<String>> files = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      files.put(
          Sharding.fileName(i + 1, shards.size()),
          shards.get(i).stream().map(TensorInfo::name).toList());
    }
    return files;
  }

  private static Split randomSplit(Random random) {
    List<Integer> sizes = new ArrayList<>();
    int count = random.nextInt(20);
    for (int i = 0; i < count; i++) {
      sizes.add(random.nextInt(12));
    }
    return new Split(sizes, 1 + random.nextInt(20));
  }

  private static byte[] randomFile(Random random) {
    List<TensorInfo> tensors = new ArrayList<>();
    int count = random.nextInt(9);
    for (int i = 0; i < count; i++) {
      StringBuilder name = new StringBuilder("t").append(i);
      for (int c = random.nextInt(4); c > 0; c--) {
        name.appendCodePoint(randomCodePoint(random));
      }
      DType dtype = DTypeNames.ALL.get(random.nextInt(DTypeNames.ALL.size()));
      long[] dimensions = random.longs(random.nextInt(4), 0, 4).toArray();
      Shape shape = dtype.bits() % 8 == 0 ? Shape.of(dimensions) : Shape.of(8);
      tensors.add(new TensorInfo(name.toString(), dtype, shape));
    }
    Header header = Header.of(Header.PYTORCH_METADATA, tensors);
    byte[] file = new byte[(int) header.fileLengthBytes()];
    random.nextBytes(file);
    ByteBuffer.wrap(file).put(header.encode());
    return file;
  }

  private static int randomCodePoint(Random random) {
    int[] firsts = {0, ' ', 0x7f, 0x7ff, 0xdfff + 1, 0xfff0, 0x10000, 0x1f600};
    return firsts[random.nextInt(firsts.length)] + random.nextInt(15);
  }

  private static byte[] valuesFile() {
    Header header =
        Header.of(
            Header.PYTORCH_METADATA,
            List.of(
                new TensorInfo("scalar", DType.BF16, Shape.of()),
                new TensorInfo("float", DType.F32, Shape.of(2, 2)),
                new TensorInfo("empty", DType.I64, Shape.of(0, 3))));
    return ByteBuffer.allocate((int) header.fileLengthBytes())
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(header.encode())
        .putFloat(1)
        .putFloat(-2.5f)
        .putFloat(3)
        .putFloat(0)
        .putShort((short) 0x3f80)
        .array();
  }

  private static void writeCorpus(Path files) throws IOException {
    HeaderCorruptTest.headers().forEach(arguments -> add((String) arguments.get()[0]));
    HeaderCorruptTest.sound().forEach(SafetensorsInteropTest::add);
    for (int i = 0; i < CORPUS.size(); i++) {
      byte[] json = CORPUS.get(i);
      ByteBuffer file = ByteBuffer.allocate(8 + json.length + 16).order(ByteOrder.LITTLE_ENDIAN);
      Files.write(files.resolve("corpus_" + i), file.putLong(json.length).put(json).array());
      try {
        Header.parse(json, file.capacity(), "corpus");
      } catch (CorruptFileException e) {
        REFUSED_HERE.add(i);
      }
    }
  }

  private static void add(String header) {
    CORPUS.add(HeaderCorruptTest.bytes(header));
  }
}
