package dev.cairn.pipeline;

import dev.cairn.device.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The staging buffers: a fixed number of equal pieces of page-aligned host memory, allocated once
 * and before any file exists.
 */
public final class Staging implements AutoCloseable {
  private final HostMemory memory;
  private final List<ByteBuffer> buffers = new ArrayList<>();

  /**
   * Allocates the buffers.
   *
   * @param count 1 or more
   * @param bufferBytes size of each, a multiple of 4096
   */
  public Staging(int count, int bufferBytes) {
    if (count < 1 || bufferBytes < 4096 || bufferBytes % 4096 != 0) {
      throw new IllegalArgumentException(
          "bad staging: count=%d, expected at least 1, bufferBytes=%d, expected a multiple of 4096"
              .formatted(count, bufferBytes));
    }
    memory = HostMemory.allocate((long) count * bufferBytes);
    for (int index = 0; index < count; index++) {
      buffers.add(memory.view((long) index * bufferBytes, bufferBytes));
    }
  }

  /** Returns how many buffers there are. */
  public int count() {
    return buffers.size();
  }

  /** Returns the size of one buffer. */
  public int bufferBytes() {
    return buffers.get(0).capacity();
  }

  /** Lends the first buffer to work that needs only one, while no copy runs. */
  public void lend(Crew.Work work) throws IOException {
    work.with(buffer(0));
  }

  /** Returns one buffer; its position and limit are the user's, one user at a time. */
  ByteBuffer buffer(int index) {
    return buffers.get(index).clear();
  }

  @Override
  public void close() {
    memory.close();
  }
}
