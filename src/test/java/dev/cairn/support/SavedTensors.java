package dev.cairn.support;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.model.Parameter;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tensors of models and of the folders that they were saved as, for comparison. */
public final class SavedTensors {
  private SavedTensors() {}

  public static SaveOptions.Builder options(SaveMode mode) {
    return SaveOptions.builder()
        .mode(mode)
        .durability(Durability.FAST)
        .keepDtypes()
        .stagingBuffers(2)
        .stagingBufferBytes(4096);
  }

  public static Map<String, byte[]> bytes(ReferenceModel model) {
    Map<String, byte[]> bytes = new TreeMap<>();
    for (Parameter parameter : model.on(0, 1).parameters()) {
      ByteBuffer view =
          parameter.partition().view(0, Math.toIntExact(parameter.partition().lengthBytes()));
      byte[] all = new byte[view.remaining()];
      view.get(all);
      bytes.put(parameter.name(), all);
    }
    return bytes;
  }

  public static List<String> names(Path folder) throws IOException {
    try (ModelFolder saved = ModelFolder.open(folder)) {
      return saved.tensors().stream().map(FolderTensor::name).sorted().toList();
    }
  }

  public static void assertPublished(Map<String, byte[]> expected, Path folder) throws IOException {
    try (ModelFolder saved = ModelFolder.open(folder)) {
      assertEquals(
          List.copyOf(expected.keySet()),
          saved.tensors().stream().map(FolderTensor::name).sorted().toList());
      for (FolderTensor tensor : saved.tensors()) {
        TensorEntry entry = tensor.entry();
        byte[] bytes = new byte[Math.toIntExact(entry.endByte() - entry.beginByte())];
        saved.read(tensor.name(), 0, ByteBuffer.wrap(bytes));
        assertArrayEquals(expected.get(tensor.name()), bytes, tensor.name());
      }
    }
  }
}
