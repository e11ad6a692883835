package dev.cairn.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** This rank's partitions, by tensor of the plan. */
public interface Partitions {
  /**
   * {@return whether the partition can be viewed; otherwise it has to be read}
   *
   * @param tensor index into the plan
   */
  default boolean isInMemory(int tensor) {
    return true;
  }

  /**
   * Reads a part of a partition that is not in memory.
   *
   * @param tensor index into the plan
   * @param byteOffset first byte in the partition, in the held dtype
   * @param target direct; filled from its position to its limit
   * @throws IOException if the bytes cannot be had
   */
  default void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
    target.put(view(tensor, byteOffset, target.remaining()));
  }

  /**
   * {@return where a byte of the partition is in the memory of a GPU; 0 if it is not there, but
   * where it can be viewed or read}
   *
   * @param tensor index into the plan
   * @param byteOffset of a segment's first byte in the partition, in the held dtype
   */
  default long deviceAddress(int tensor, long byteOffset) {
    return 0;
  }

  /**
   * {@return a little-endian view of a part of this rank's partition; nothing is copied}
   *
   * @param tensor index into the plan
   * @param byteOffset first byte in the partition, in the held dtype
   * @param lengthBytes length of the view
   */
  ByteBuffer view(int tensor, long byteOffset, int lengthBytes);
}
