package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an index says of its files, and what of it loaders mind. */
class ModelIndexTest {
  private static final TensorInfo SCALAR = new TensorInfo("s", DType.F32, Shape.of());

  @TempDir private Path temp;

  /** As all models of MLX have it. */
  @Test
  void indexMayNameTheSingleFile() throws IOException {
    Folders.write(temp.resolve("model.safetensors"), SCALAR);
    Files.writeString(
        temp.resolve(Folders.INDEX), "{\"weight_map\":{\"s\":\"./model.safetensors\"}}");
    assertNotes("note: the index names the single file alone, file=" + Folders.INDEX);
  }

  private void assertNotes(String... notes) throws IOException {
    try (ModelFolder open = ModelFolder.open(temp)) {
      assertEquals(List.of(notes), open.findings().stream().map(Finding::toString).toList());
    }
  }

  @Test
  void staleSingleFileBesideAnIndexIsNamed() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.write(temp.resolve("model.safetensors"), SCALAR);
    assertRefused(
        "both a single file and an index: loaders disagree about which counts,"
            + " index=model.safetensors.index.json; delete the stale one, file=model.safetensors");
  }

  @Test
  void missingShardIsNamed() throws IOException {
    Folders.copy("llama_sharded", temp);
    Files.delete(temp.resolve(Folders.LAST_SHARD));
    assertRefused("shard is missing: the index names it, file=" + Folders.LAST_SHARD);
  }

  @Test
  void brokenIndexIsNamed() throws IOException {
    Files.writeString(temp.resolve(Folders.INDEX), "{}");
    assertRefused("index has no weight_map, file=" + Folders.INDEX);
  }

  @Test
  void tensorThatNoShardHoldsIsNamed() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.replace(
        temp.resolve(Folders.INDEX),
        "\"weight_map\": {",
        "\"weight_map\": { \"extra\": \"" + Folders.FIRST_SHARD + "\",");
    Files.delete(temp.resolve("config.json"));
    assertRefused(
        "tensor is not in the file that the index names: it is in none, tensor=extra, file="
            + Folders.FIRST_SHARD);
  }

  /** As bases whose multi-token prediction was left out have it: no class asks for it. */
  @Test
  void tensorThatNoShardHoldsAndTheConfigDoesNotAskForIsANote() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.replace(
        temp.resolve(Folders.INDEX),
        "\"weight_map\": {",
        "\"weight_map\": { \"mtp.fc.weight\": \"" + Folders.FIRST_SHARD + "\",");
    assertNotes(
        "note: tensor is not in the file that the index names: it is in none, tensor=mtp.fc.weight,"
            + " file="
            + Folders.FIRST_SHARD);
    assertEquals(1, FolderDescription.of(temp).findings().size());
    assertEquals(List.of(), Finding.errors(FolderDescription.of(temp).findings()));
  }

  @Test
  void tensorThatNoShardHoldsAndTheConfigAsksForIsRefused() throws IOException {
    Folders.copy("llama_sharded", temp);
    Path shard = temp.resolve(Folders.FIRST_SHARD);
    String text = Files.readString(shard, StandardCharsets.ISO_8859_1);
    Files.writeString(
        shard,
        text.replace("model.embed_tokens", "model.embed_tokenz"),
        StandardCharsets.ISO_8859_1);
    assertRefused(
        "tensor is not in the file that the index names: it is in none,"
            + " tensor=model.embed_tokens.weight, file="
            + Folders.FIRST_SHARD);
  }

  @Test
  void tensorInAnotherShardIsNamed() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.replace(
        temp.resolve(Folders.INDEX),
        "\"lm_head.weight\": \"" + Folders.LAST_SHARD,
        "\"lm_head.weight\": \"" + Folders.FIRST_SHARD);
    assertNotes(
        "note: tensor is not in the file that the index names: actual="
            + Folders.LAST_SHARD
            + ", tensor=lm_head.weight, file="
            + Folders.FIRST_SHARD);
  }

  @Test
  void tensorThatTheIndexLacksIsNamed() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.replace(
        temp.resolve(Folders.INDEX),
        "\"lm_head.weight\": \"model-00004-of-00004.safetensors\",",
        "");
    assertNotes(
        "note: tensor is not in the index, tensor=lm_head.weight, file=" + Folders.LAST_SHARD);
  }

  @Test
  void tensorInTwoShardsIsNamed() throws IOException {
    Files.writeString(
        temp.resolve(Folders.INDEX),
        "{\"weight_map\":{\"s\":\"a.safetensors\",\"t\":\"b.safetensors\"}}");
    Folders.write(temp.resolve("a.safetensors"), SCALAR);
    Folders.write(
        temp.resolve("b.safetensors"), SCALAR, new TensorInfo("t", DType.F32, Shape.of()));
    assertNotes(
        "note: tensor is in two files, the same: a.safetensors, tensor=s, file=b.safetensors");
    byte[] bytes = Files.readAllBytes(temp.resolve("a.safetensors"));
    bytes[bytes.length - 1]++;
    Files.write(temp.resolve("a.safetensors"), bytes);
    assertRefused("tensor is in two files: a.safetensors, tensor=s, file=b.safetensors");
  }

  @Test
  void wrongTotalDoesNotMatter() throws IOException {
    Folders.copy("llama_sharded", temp);
    Folders.replace(temp.resolve(Folders.INDEX), "2512", "2513");
    try (ModelFolder open = ModelFolder.open(temp)) {
      assertEquals(21, open.tensors().size());
    }
  }

  private void assertRefused(String expected) {
    Exception e = assertThrows(CorruptFileException.class, () -> ModelFolder.open(temp));
    String message = e.getMessage();
    assertEquals(expected, message.startsWith(expected) ? expected : message);
    assertTrue(message.contains(temp.toString()), message);
  }
}
