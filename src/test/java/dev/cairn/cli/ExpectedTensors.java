package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Compares what was written with F32 tensors, cast as it was. */
final class ExpectedTensors {
  private ExpectedTensors() {}

  /**
   * Fails unless both have the same names, and equal tensors after a cast.
   *
   * @param mayLack whether tensors may be missing
   */
  static void requireEqual(Path expected, Path actual, DType dtype, boolean mayLack)
      throws IOException {
    Map<String, byte[]> truth = read(expected, dtype);
    Map<String, byte[]> written = read(actual, dtype);
    if (mayLack) {
      truth.keySet().retainAll(written.keySet());
    }
    assertEquals(truth.keySet(), written.keySet());
    for (Map.Entry<String, byte[]> entry : truth.entrySet()) {
      assertArrayEquals(entry.getValue(), written.get(entry.getKey()), entry.getKey());
    }
  }

  private static Map<String, byte[]> read(Path path, DType dtype) throws IOException {
    Map<String, byte[]> tensors = new TreeMap<>();
    try (ModelFolder folder = ModelFolder.open(path)) {
      for (FolderTensor tensor : folder.tensors()) {
        ByteBuffer stored = ByteBuffer.allocateDirect((int) tensor.lengthBytes());
        folder.read(tensor.name(), 0, stored);
        stored.flip();
        long elements = tensor.shape().elements();
        ByteBuffer cast = ByteBuffer.allocateDirect((int) dtype.bytes(elements));
        if (tensor.dtype() == dtype) {
          cast.put(stored);
          cast.flip();
        } else {
          assertEquals(DType.F32, tensor.dtype(), tensor.name());
          Kernels.best().cast(DType.F32, stored, dtype, cast, (int) elements, 0);
          cast.rewind();
        }
        byte[] bytes = new byte[cast.remaining()];
        cast.get(bytes);
        tensors.put(tensor.name() + tensor.shape(), bytes);
      }
    }
    return tensors;
  }
}
