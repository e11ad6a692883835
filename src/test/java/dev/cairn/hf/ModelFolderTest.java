package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  private static final TensorInfo SCALAR = new TensorInfo("s", DType.F32, Shape.of());

  @TempDir Path temp;

  @Test
  void shardsHoldTheSameTensorsAsTheSingleFile() throws IOException {
    try (ModelFolder single = ModelFolder.open(Golden.path("models/llama_single"));
        ModelFolder sharded = ModelFolder.open(Golden.path("models/llama_sharded"))) {
      assertEquals(21, single.tensors().size());
      assertEquals(21, sharded.tensors().size());
      for (FolderTensor tensor : single.tensors()) {
        FolderTensor other = sharded.find(tensor.name()).orElseThrow();
        assertEquals(tensor.dtype(), other.dtype());
        assertEquals(tensor.shape(), other.shape());
        assertArrayEquals(read(single, tensor), read(sharded, other));
      }
    }
  }

  @Test
  void orderIsFileAfterFile() throws IOException {
    try (ModelFolder folder = ModelFolder.open(Golden.path("models/llama_sharded"))) {
      assertEquals(4, folder.files().size());
      assertEquals(Folders.FIRST_SHARD, folder.files().get(0));
      List<String> places =
          folder.tensors().stream()
              .map(tensor -> tensor.file() + "%06d".formatted(tensor.entry().beginByte()))
              .toList();
      assertEquals(places.stream().sorted().toList(), places);
      assertTrue(folder.index().isPresent());
    }
  }

  @Test
  void aFileMayBeOpenedWithoutItsFolder() throws IOException {
    Path file = Golden.path("models/llama_single/model.safetensors");
    try (ModelFolder folder = ModelFolder.open(file)) {
      assertEquals(List.of("model.safetensors"), folder.files());
      assertEquals(file.getParent(), folder.root());
      assertTrue(folder.index().isEmpty());
      assertTrue(folder.find("nothing").isEmpty());
    }
  }

  @Test
  void anAdapterFolderIsAModelToo() throws IOException {
    Folders.write(temp.resolve("adapter_model.safetensors"), SCALAR);
    try (ModelFolder folder = ModelFolder.open(temp)) {
      assertEquals("s", folder.tensors().get(0).name());
    }
  }

  @Test
  void rangeOfATensorIsRead() throws IOException {
    try (ModelFolder folder = ModelFolder.open(Golden.path("models/llama_sharded"))) {
      ByteBuffer target = ByteBuffer.allocate(4);
      folder.read("lm_head.weight", 10, target);
      assertFalse(target.hasRemaining());
      byte[] all = read(folder, folder.find("lm_head.weight").orElseThrow());
      assertArrayEquals(Arrays.copyOfRange(all, 10, 14), target.array());
    }
  }

  @Test
  void unknownTensorIsNamed() throws IOException {
    Path path = Golden.path("models/llama_single");
    try (ModelFolder folder = ModelFolder.open(path)) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class, () -> folder.read("x", 0, ByteBuffer.allocate(0)));
      assertEquals("no such tensor: tensor=x, folder=" + path, e.getMessage());
    }
  }

  @Test
  void unknownFileIsNamed() throws IOException {
    try (ModelFolder folder = ModelFolder.open(Golden.path("models/llama_single"))) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> folder.header("x"));
      assertEquals("no such file: file=x, expected one of [model.safetensors]", e.getMessage());
    }
  }

  @Test
  void closedFolderIsNotRead() throws IOException {
    ModelFolder folder = ModelFolder.open(Golden.path("models/llama_single"));
    folder.close();
    folder.close();
    assertThrows(
        IllegalStateException.class,
        () -> folder.read("lm_head.weight", 0, ByteBuffer.allocate(1)));
  }

  @Test
  void missingFolderIsNotACorruptOne() {
    Exception e =
        assertThrows(NoSuchFileException.class, () -> ModelFolder.open(temp.resolve("none")));
    assertTrue(e.getMessage().endsWith("no such file or folder"), e.getMessage());
  }

  @Test
  void folderWithoutAModelIsNamedWithWhatItHolds() throws IOException {
    Folders.write(temp.resolve("a.safetensors"), SCALAR);
    Folders.write(temp.resolve("b.safetensors"), SCALAR);
    assertRefused(
        "no model in the folder: safetensorsFiles=[a.safetensors, b.safetensors], expected"
            + " model.safetensors or model.safetensors.index.json, file=");
  }

  @Test
  void moreThanOneProblemIsCounted() throws IOException {
    Folders.copy("llama_sharded", temp);
    Files.delete(temp.resolve(Folders.LAST_SHARD));
    Files.delete(temp.resolve(Folders.FIRST_SHARD));
    Exception e = assertThrows(CorruptFileException.class, () -> ModelFolder.open(temp));
    assertTrue(e.getMessage().endsWith(", folder=" + temp + " (and 1 more)"), e.getMessage());
  }

  @Test
  void shardMayBeALinkToAnyFile() throws IOException {
    Path folder = Folders.copy("llama_sharded", temp.resolve("model"));
    Path outside = temp.resolve("outside.safetensors");
    Files.move(folder.resolve(Folders.FIRST_SHARD), outside);
    Files.createSymbolicLink(folder.resolve(Folders.FIRST_SHARD), outside);
    try (ModelFolder open = ModelFolder.open(folder)) {
      assertEquals(4, open.files().size());
    }
  }

  @Test
  void shardThatLinksToTheSystemsIsRefused() throws IOException {
    Path folder = Folders.copy("llama_sharded", temp.resolve("model"));
    Files.delete(folder.resolve(Folders.FIRST_SHARD));
    Files.createSymbolicLink(folder.resolve(Folders.FIRST_SHARD), Path.of("/proc/version"));
    Exception e = assertThrows(CorruptFileException.class, () -> ModelFolder.open(folder));
    String expected = "shard leads to what is never read: target=/proc/version";
    assertEquals(expected, e.getMessage().substring(0, expected.length()));
  }

  @Test
  void downloadCacheOfLinksIsOpened() throws IOException {
    Path folder = Folders.copy("llama_sharded", temp.resolve("models--x/snapshots/0123abc"));
    Path blobs = Files.createDirectories(temp.resolve("models--x/blobs"));
    for (String name : List.of(Folders.FIRST_SHARD, Folders.LAST_SHARD, Folders.INDEX)) {
      Files.move(folder.resolve(name), blobs.resolve("hash-" + name));
      Files.createSymbolicLink(folder.resolve(name), Path.of("../../blobs/hash-" + name));
    }
    try (ModelFolder open = ModelFolder.open(folder)) {
      assertEquals(21, open.tensors().size());
    }
  }

  private void assertRefused(String expected) {
    Exception e = assertThrows(CorruptFileException.class, () -> ModelFolder.open(temp));
    String message = e.getMessage();
    assertEquals(expected, message.startsWith(expected) ? expected : message);
    assertTrue(message.contains(temp.toString()), message);
  }

  private static byte[] read(ModelFolder folder, FolderTensor tensor) throws IOException {
    ByteBuffer target = ByteBuffer.allocate((int) tensor.lengthBytes());
    folder.read(tensor.name(), 0, target);
    return target.array();
  }
}
