package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.SafetensorsFile;
import dev.cairn.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Whether two files that have a tensor have the same: only then it does not matter which counts.
 */
final class DuplicateTensors {
  private static final int BUFFER_BYTES = 1 << 20;

  private DuplicateTensors() {}

  /** Returns whether dtype, shape and all bytes are the same; reads both. */
  static boolean isSame(Disk disk, Path root, String tensor, String first, String second)
      throws IOException {
    try (SafetensorsFile one = SafetensorsFile.open(disk, root.resolve(first));
        SafetensorsFile other = SafetensorsFile.open(disk, root.resolve(second))) {
      TensorEntry a = entry(one, tensor);
      TensorEntry b = entry(other, tensor);
      return a.info().equals(b.info()) && isSame(one, a, other, b);
    }
  }

  private static TensorEntry entry(SafetensorsFile file, String tensor) {
    return file.header().tensors().stream()
        .filter(entry -> entry.name().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  private static boolean isSame(
      SafetensorsFile one, TensorEntry a, SafetensorsFile other, TensorEntry b) throws IOException {
    ByteBuffer left = ByteBuffer.allocate(BUFFER_BYTES);
    ByteBuffer right = ByteBuffer.allocate(BUFFER_BYTES);
    for (long offset = 0; offset < a.lengthBytes(); offset += BUFFER_BYTES) {
      int count = (int) Math.min(BUFFER_BYTES, a.lengthBytes() - offset);
      one.read(a, offset, left.clear().limit(count));
      other.read(b, offset, right.clear().limit(count));
      if (!left.flip().equals(right.flip())) {
        return false;
      }
    }
    return true;
  }
}
