package dev.cairn.hf;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FolderCheckTest {
  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void copyFolderAndWriteItsManifest() throws IOException {
    folder = Folders.copy("llama_sharded", temp.resolve("model"));
    Folders.writeManifest(folder);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 1000, 1 << 20})
  void soundFolderHasNoFindingWhateverTheBuffer(int bufferBytes) throws IOException {
    AtomicLong readBytes = new AtomicLong();
    List<Finding> findings =
        FolderCheck.check(
            folder, Folders::crc32c, ByteBuffer.allocate(bufferBytes), readBytes::addAndGet);
    assertEquals(List.of(), findings);
    assertEquals(FolderCheck.bytesToRead(folder), readBytes.get());
    assertEquals(7311, readBytes.get());
  }

  @Test
  void sizesAreCheckedWithoutReadingATensor() throws IOException {
    Path shard = folder.resolve(Folders.LAST_SHARD);
    Folders.flipByte(shard, Files.size(shard) - 1);
    assertEquals(List.of(), FolderCheck.checkSizes(folder));
    Files.write(shard, new byte[] {0}, StandardOpenOption.APPEND);
    Files.delete(folder.resolve("config.json"));
    assertEquals(
        List.of(
            "a safetensors file that goes on behind its last tensor; it has 1265 bytes and its"
                + " header says 1264; copy it again, or make a new one from what wrote it",
            "file is missing",
            "file length mismatch"),
        FolderCheck.checkSizes(folder).stream()
            .map(finding -> finding.problem().replaceFirst(":.*", ""))
            .toList());
  }

  @Test
  void foldersAndFilesOfOthersAreCheckedWithoutAManifest() throws IOException {
    assertEquals(List.of(), check(Golden.path("models/llama_single")));
    assertEquals(List.of(), check(Golden.path("models/llama_sharded")));
    assertEquals(List.of(), check(Golden.path("safetensors/every_dtype.safetensors")));
    assertEquals(0, FolderCheck.bytesToRead(Golden.path("models/llama_single")));
  }

  @Test
  void indexMayNameItsShardsFromTheFolderItself() throws IOException {
    Path sharded = Files.createDirectory(folder.resolve("dotted"));
    Folders.copy("llama_sharded", sharded);
    Folders.replace(sharded.resolve(Folders.INDEX), "\"model-00001", "\"./model-00001");
    assertEquals(
        List.of("note: the index names shards by paths that begin with ./, file=" + Folders.INDEX),
        check(sharded).stream().map(Finding::toString).toList());
  }

  @Test
  void fileOfAnotherKindIsNamedOnce() throws IOException {
    Path shard = folder.resolve(Folders.LAST_SHARD);
    Files.writeString(shard, "<html>log in</html>");
    assertEquals(
        "an HTML page; a server sent a login or error page in place of the file; download it"
            + " again, after `hf auth login` if it is gated, file="
            + Folders.LAST_SHARD,
        check(folder).get(0).toString());
  }

  @Test
  void flippedByteOfATensorIsFoundInTheTensorAndTheFile() throws IOException {
    Path shard = folder.resolve(Folders.LAST_SHARD);
    Folders.flipByte(shard, Files.size(shard) - 1);
    List<Finding> findings = check(folder);
    assertEquals(2, findings.size());
    assertEquals("model.norm.weight", findings.get(0).tensor());
    assertEquals(Folders.LAST_SHARD, findings.get(0).file());
    assertTrue(findings.get(0).problem().startsWith("tensor checksum mismatch: crc32c="));
    assertEquals("", findings.get(1).tensor());
    assertTrue(findings.get(1).problem().startsWith("file checksum mismatch: crc32c="));
  }

  @Test
  void flippedByteOfAnotherFileIsFound() throws IOException {
    Folders.replace(folder.resolve("config.json"), "silu", "gelu");
    assertOne("config.json", "file checksum mismatch: crc32c=");
  }

  @Test
  void changedNameInAHeaderIsFound() throws IOException {
    Path shard = folder.resolve(Folders.FIRST_SHARD);
    byte[] bytes = Files.readAllBytes(shard);
    String text = new String(bytes, ISO_8859_1);
    Files.write(
        shard, text.replace("model.embed_tokens", "model.embed_tokenz").getBytes(ISO_8859_1));
    List<String> problems = check(folder).stream().map(Finding::problem).toList();
    assertEquals("tensor is not in the index", problems.get(0));
    assertEquals("tensor is not in the file that the index names: it is in none", problems.get(1));
    assertEquals("tensor is missing: the manifest names it", problems.get(2));
    assertEquals("tensor is not in the manifest", problems.get(3));
  }

  @Test
  void changedShapeInAHeaderIsFound() throws IOException {
    Folders.replace(
        folder.resolve("cairn.json"),
        "\"shape\": [\n          16,\n          8\n        ]",
        "\"shape\": [\n          8,\n          16\n        ]");
    Finding first = check(folder).get(0);
    assertEquals(
        "tensor is not what the manifest says: actual=BF16[16,8][0,256), expected"
            + " BF16[8,16][0,256)",
        first.problem());
  }

  @Test
  void cutFileIsFoundByItsStructureAndItsLength() throws IOException {
    Path shard = folder.resolve(Folders.FIRST_SHARD);
    Files.write(shard, Arrays.copyOf(Files.readAllBytes(shard), 1151));
    List<Finding> findings = check(folder);
    assertEquals(
        "a safetensors file that is cut short; it has 1151 bytes and its header says 1152; download or copy it"
            + " again",
        findings.get(0).problem());
    assertEquals("file length mismatch: fileBytes=1151, expected 1152", findings.get(1).problem());
    assertTrue(findings.get(2).problem().startsWith("file checksum mismatch: crc32c="));
    assertEquals(3, findings.size());
  }

  @Test
  void missingFileIsFound() throws IOException {
    Files.delete(folder.resolve("generation_config.json"));
    assertOne("generation_config.json", "file is missing: the manifest names it");
  }

  @Test
  void missingShardIsFoundByTheIndexAndTheManifest() throws IOException {
    Files.delete(folder.resolve(Folders.FIRST_SHARD));
    assertEquals(
        List.of("shard is missing: the index names it", "file is missing: the manifest names it"),
        check(folder).stream().map(Finding::problem).toList());
  }

  @Test
  void missingOrEmptyMarkerIsFound() throws IOException {
    Files.writeString(folder.resolve("COMPLETED"), "");
    assertOne("COMPLETED", "marker is missing or empty: the save did not finish");
    Files.delete(folder.resolve("COMPLETED"));
    assertOne("COMPLETED", "marker is missing or empty: the save did not finish");
  }

  @Test
  void strayShardIsFound() throws IOException {
    Folders.write(
        folder.resolve("model-00005-of-00005.safetensors"),
        new TensorInfo("x", DType.F32, Shape.of()));
    assertOne(
        "model-00005-of-00005.safetensors",
        "safetensors file that the index does not name; delete it if stale");
  }

  @Test
  void wrongTotalIsFound() throws IOException {
    Files.delete(folder.resolve("cairn.json"));
    Folders.replace(folder.resolve(Folders.INDEX), "2512", "2513");
    assertOne(Folders.INDEX, "total_size mismatch: total_size=2513, expected 2512");
  }

  @Test
  void indexWithoutMetadataIsFound() throws IOException {
    Files.delete(folder.resolve("cairn.json"));
    Folders.replace(folder.resolve(Folders.INDEX), "\"metadata\"", "\"about\"");
    assertOne(Folders.INDEX, "index has no metadata: transformers does not load it");
  }

  @Test
  void staleSingleFileIsFound() throws IOException {
    Folders.write(folder.resolve("model.safetensors"), new TensorInfo("x", DType.F32, Shape.of()));
    assertOne("model.safetensors", "both a single file and an index: loaders disagree");
  }

  @Test
  void shardThatTheManifestLacksIsFound() throws IOException {
    Path single = Folders.copy("llama_single", temp.resolve("single"));
    Manifest none = new Manifest("now", "gather", 1, OptionalLong.empty(), List.of(), List.of());
    Files.write(single.resolve("cairn.json"), none.encode());
    Folders.writeMarker(single);
    List<Finding> findings = check(single);
    assertEquals(List.of(Finding.of("model.safetensors", "file is not in the manifest")), findings);
  }

  @Test
  void manifestThatIsNotTheMarkersIsFound() throws IOException {
    Folders.replace(folder.resolve("cairn.json"), "\"now\"", "\"new\"");
    assertOne(
        "cairn.json", "manifest checksum mismatch: expected in COMPLETED: cairn.json crc32c=");
  }

  @Test
  void brokenManifestIsFound() throws IOException {
    Files.writeString(folder.resolve("cairn.json"), "{");
    assertOne("cairn.json", "manifest is not valid JSON: ");
    assertEquals(0, FolderCheck.bytesToRead(folder));
  }

  @Test
  void brokenConfigIsFound() throws IOException {
    Files.delete(folder.resolve("cairn.json"));
    Files.writeString(folder.resolve("config.json"), "[]");
    assertOne("config.json", "file is not a JSON object: JSON document is not an object");
  }

  @Test
  void folderWithoutAModelIsFound() throws IOException {
    Finding finding = check(Files.createDirectory(temp.resolve("empty"))).get(0);
    assertTrue(finding.problem().startsWith("no model in the folder: safetensorsFiles=[]"));
  }

  @Test
  void missingFolderIsAnError() {
    assertThrows(NoSuchFileException.class, () -> check(temp.resolve("none")));
  }

  @Test
  void findingIsOneLine() {
    assertEquals("problem, tensor=w, file=f", new Finding("f", "w", "problem").toString());
    assertEquals("problem, file=f", Finding.of("f", "problem").toString());
  }

  private void assertOne(String file, String problem) throws IOException {
    List<Finding> findings = check(folder);
    assertEquals(1, findings.size(), findings.toString());
    assertEquals(file, findings.get(0).file());
    String actual = findings.get(0).problem();
    assertEquals(problem, actual.startsWith(problem) ? problem : actual);
  }

  private static List<Finding> check(Path path) throws IOException {
    return FolderCheck.check(path, Folders::crc32c, ByteBuffer.allocate(100), bytes -> {});
  }
}
