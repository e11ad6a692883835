package dev.cairn.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.json.Golden;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HeaderGoldenTest {
  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(Golden.path("safetensors"))) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void headerOfTheSameTensorsIsByteIdenticalToTheReference(Path path) throws IOException {
    byte[] file = Files.readAllBytes(path);
    Header read = parse(file);
    List<TensorInfo> shuffled = new ArrayList<>();
    for (TensorEntry entry : read.tensors()) {
      shuffled.add(entry.info());
    }
    Collections.shuffle(shuffled, new Random(7));
    Header made = Header.of(read.metadata(), shuffled);
    byte[] expected = Arrays.copyOf(file, (int) read.dataOffset());
    assertEquals(new String(expected, UTF_8), new String(made.encode(), UTF_8));
    assertArrayEquals(expected, made.encode());
    assertEquals(file.length, made.fileLengthBytes());
    assertEquals(read.tensors(), made.tensors());
  }

  @ParameterizedTest
  @MethodSource("files")
  void encodingWhatWasParsedGivesTheSameBytes(Path path) throws IOException {
    byte[] file = Files.readAllBytes(path);
    Header read = parse(file);
    assertArrayEquals(Arrays.copyOf(file, (int) read.dataOffset()), read.encode());
  }

  @Test
  void scalarsAndEmptyTensorsMadeFromNothingMatchTheReference() {
    Header header =
        Header.of(
            Header.PYTORCH_METADATA,
            List.of(
                new TensorInfo("scalar", DType.F32, Shape.of()),
                new TensorInfo("scalar_bool", DType.BOOL, Shape.of()),
                new TensorInfo("empty", DType.BF16, Shape.of(0)),
                new TensorInfo("empty_inside", DType.BF16, Shape.of(3, 0, 5)),
                new TensorInfo("empty_too", DType.F32, Shape.of(0, 7)),
                new TensorInfo("one", DType.BF16, Shape.of(1, 1, 1, 1, 1, 1))));
    byte[] file = Golden.bytes("safetensors/scalars_and_empty.safetensors");
    assertArrayEquals(Arrays.copyOf(file, (int) header.dataOffset()), header.encode());
  }

  @Test
  void oddNamesAreReadAsTheyWereGiven() throws IOException {
    Header header = parse(Golden.bytes("safetensors/odd_names.safetensors"));
    List<String> names = header.tensors().stream().map(TensorEntry::name).toList();
    List<String> expectedLast =
        List.of("\ue000 private", "\ufeff", "\uffff last of the plane", "\ud83d\ude00 beyond it");
    assertEquals(20, names.size());
    assertEquals(expectedLast, names.subList(16, 20));
  }

  @Test
  void metadataIsReadAsItWasGiven() throws IOException {
    Header header = parse(Golden.bytes("safetensors/odd_metadata.safetensors"));
    assertEquals(Map.of("key\"\n\ud83d\ude00", "value\\\t\u007f\u00e9"), header.metadata());
  }

  @Test
  void everyDTypeThatPythonCanWriteIsRead() throws IOException {
    Header header = parse(Golden.bytes("safetensors/every_dtype.safetensors"));
    List<DType> dtypes = header.tensors().stream().map(TensorEntry::dtype).toList();
    List<DType> expected = new ArrayList<>(List.of(DType.values()));
    expected.removeAll(List.of(DType.F6_E2M3, DType.F6_E3M2)); // torch has none of 6 bits
    assertEquals(expected, dtypes);
  }

  private static Header parse(byte[] file) throws CorruptFileException {
    long jsonBytes = Header.parseLength(Arrays.copyOf(file, 8), file.length, "golden");
    byte[] json = Arrays.copyOfRange(file, 8, 8 + (int) jsonBytes);
    return Header.parse(json, file.length, "golden");
  }
}
