package dev.cairn.pipeline;

import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.device.ViewableMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The staging buffers: a fixed number of equal pieces of page-aligned host memory, allocated once
 * and before any file exists.
 */
public final class Staging implements AutoCloseable {
  private ViewableMemory memory;
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
    use(HostMemory.allocate((long) count * bufferBytes), count, bufferBytes);
  }

  private void use(ViewableMemory allocated, int count, int bufferBytes) {
    memory = allocated;
    buffers.clear();
    for (int index = 0; index < count; index++) {
      buffers.add(memory.view((long) index * bufferBytes, bufferBytes));
    }
  }

  /**
   * Replaces the buffers by pinned ones, unless they are: a GPU copies to these while the host does
   * other things. No copy may be running.
   *
   * @param device the GPU that will copy to and from the buffers
   * @throws dev.cairn.device.DeviceException if the system cannot pin that much; the buffers are as
   *     they were
   */
  public void pin(Device device) {
    if (!(memory instanceof PinnedMemory)) {
      ViewableMemory pageable = memory;
      use(PinnedMemory.allocate(device, pageable.lengthBytes()), count(), bufferBytes());
      pageable.close();
    }
  }

  /** {@return how many buffers there are} */
  public int count() {
    return buffers.size();
  }

  /** {@return the size of one buffer in bytes, a multiple of 4096; the same for all} */
  public int bufferBytes() {
    return buffers.get(0).capacity();
  }

  /**
   * Lends the first buffer to work that needs only one, while no copy runs.
   *
   * @param work gets the buffer, empty; must not keep it
   * @throws IOException what the work throws
   */
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
