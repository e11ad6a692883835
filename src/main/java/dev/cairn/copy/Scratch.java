package dev.cairn.copy;

import dev.cairn.device.HostMemory;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Small buffers, one for each thread of a copy, for partitions that are read rather than held: what
 * has just been read into one is still in the processor's cache when it is cast.
 */
public final class Scratch implements AutoCloseable {
  static final int BUFFER_BYTES = 512 << 10;

  private final HostMemory memory;
  private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

  /**
   * Allocates {@code count} buffers.
   *
   * @param count of the threads that will read at the same time, 1 or more
   */
  public Scratch(int count) {
    memory = HostMemory.allocate((long) count * BUFFER_BYTES);
    for (int index = 0; index < count; index++) {
      free.add(memory.view((long) index * BUFFER_BYTES, BUFFER_BYTES));
    }
  }

  /** Lends a buffer, cleared. */
  ByteBuffer take() {
    ByteBuffer buffer = free.poll();
    if (buffer == null) {
      throw new IllegalStateException("more threads than scratch buffers");
    }
    return buffer.clear();
  }

  /** Takes a buffer back. */
  void giveBack(ByteBuffer buffer) {
    free.add(buffer);
  }

  @Override
  public void close() {
    memory.close();
  }
}
