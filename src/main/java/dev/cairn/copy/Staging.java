package dev.cairn.copy;

import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.device.ViewableMemory;
import dev.cairn.machine.Machine;
import dev.cairn.plan.Chunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The staging buffers: a fixed number of equal ranges of page-aligned host memory, allocated once
 * and before any file exists. Each has one page more than {@link #bufferBytes}: so a chunk can
 * begin in memory at the same offset within a page as in its file, which direct writes need.
 */
public final class Staging implements AutoCloseable {
  private static final int PAGE_BYTES = 4096;

  private final Machine machine;
  private ViewableMemory memory;
  private final List<ByteBuffer> buffers = new ArrayList<>();
  private final int bufferBytes;

  /**
   * Allocates the buffers.
   *
   * @param machine whose threads will stand behind them
   * @param count 1 or more
   * @param bufferBytes size of each, a multiple of 4096
   */
  public Staging(Machine machine, int count, int bufferBytes) {
    if (count < 1 || bufferBytes < PAGE_BYTES || bufferBytes % PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          "bad staging: count=%d, expected at least 1, bufferBytes=%d, expected a multiple of 4096"
              .formatted(count, bufferBytes));
    }
    this.machine = machine;
    this.bufferBytes = bufferBytes;
    use(HostMemory.allocate((long) count * roomBytes()), count);
  }

  private int roomBytes() {
    return Math.addExact(bufferBytes, PAGE_BYTES);
  }

  private void use(ViewableMemory allocated, int count) {
    memory = allocated;
    buffers.clear();
    for (int index = 0; index < count; index++) {
      buffers.add(memory.view((long) index * roomBytes(), roomBytes()));
    }
  }

  /**
   * Replaces the buffers by pinned ones, unless they are pinned already: a GPU can copy to pinned
   * memory while the host does other things. No copy may be running.
   *
   * @param device the GPU that will copy to and from the buffers
   * @throws dev.cairn.device.DeviceException if the system cannot pin that much; the buffers are as
   *     they were
   */
  public void pin(Device device) {
    if (!(memory instanceof PinnedMemory)) {
      ViewableMemory pageable = memory;
      use(PinnedMemory.allocate(device, pageable.lengthBytes()), count());
      pageable.close();
    }
  }

  /** {@return what starts the threads that use the buffers} */
  public Machine machine() {
    return machine;
  }

  /** {@return how many buffers there are} */
  public int count() {
    return buffers.size();
  }

  /** {@return the size of one buffer in bytes, a multiple of 4096; the same for all} */
  public int bufferBytes() {
    return bufferBytes;
  }

  /**
   * Lends the first buffer to work that needs only one, while no copy runs.
   *
   * @param work gets the buffer, empty; must not keep it
   * @throws IOException what the work throws
   */
  public void lend(BufferWorkers.Work work) throws IOException {
    work.with(buffer(0));
  }

  /** Returns one buffer; its position and limit are the user's, one user at a time. */
  ByteBuffer buffer(int index) {
    return buffers.get(index).clear();
  }

  /** Places a buffer for a chunk: its position is where the chunk's first byte belongs. */
  static ByteBuffer placed(ByteBuffer buffer, Chunk chunk) {
    return buffer.clear().position((int) (chunk.fileOffset() % PAGE_BYTES));
  }

  @Override
  public void close() {
    memory.close();
  }
}
