package dev.cairn.model;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Makes the bytes of a partition that is not in memory, for example reads them from a file. */
@FunctionalInterface
public interface PartitionReader {
  /**
   * Fills {@code target} with the partition's bytes from {@code byteOffset} on. Any thread, several
   * at once.
   *
   * @param byteOffset first byte wanted; it begins an element
   * @param target direct, little endian; filled from its position to its limit, whole elements: the
   *     save fails if its position is not at its limit then, as after one short read of a file
   * @throws IOException if the bytes cannot be had
   */
  void read(long byteOffset, ByteBuffer target) throws IOException;
}
