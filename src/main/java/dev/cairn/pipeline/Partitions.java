package dev.cairn.pipeline;

import java.nio.ByteBuffer;

/** This rank's memory, by tensor of the plan. */
public interface Partitions {
  /**
   * Returns a little-endian view of a part of this rank's partition; nothing is copied.
   *
   * @param tensor index into the plan
   * @param byteOffset first byte in the partition, in the held dtype
   * @param lengthBytes length of the view
   */
  ByteBuffer view(int tensor, long byteOffset, int lengthBytes);
}
