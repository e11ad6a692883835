package dev.cairn.gpu;

import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.machine.CloseAll;

/**
 * Memory of a GPU that is reserved for buckets and kept from one gather to the next, for trainers
 * that leave little of it free. If nothing is reserved, each gather allocates its own. One gather
 * at a time.
 */
public final class BucketMemory implements AutoCloseable {
  private static final long ALIGNMENT_BYTES = 256;

  private DeviceMemory reserved;
  private long takenBytes;

  /**
   * Reserves memory, in place of what was reserved before.
   *
   * @param device a GPU
   * @param lengthBytes 1 or more
   * @throws dev.cairn.device.DeviceException if the GPU has not that much
   */
  public void reserve(Device device, long lengthBytes) {
    close();
    reserved = DeviceMemory.allocate(device, lengthBytes);
  }

  /** Begins a gather; all is taken back when it has ended. */
  void lend(CloseAll opened) {
    takenBytes = 0;
    opened.add(() -> takenBytes = 0);
  }

  /** Returns the address of memory: of what is reserved, if there is enough left, or allocated. */
  long take(Device device, long lengthBytes, CloseAll opened) {
    long begin = (takenBytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    boolean fits =
        reserved != null
            && reserved.device().equals(device)
            && lengthBytes <= reserved.lengthBytes() - begin;
    if (!fits) {
      return opened.add(DeviceMemory.allocate(device, lengthBytes)).address();
    }
    takenBytes = begin + lengthBytes;
    return reserved.address() + begin;
  }

  @Override
  public void close() {
    if (reserved != null) {
      DeviceMemory closing = reserved;
      reserved = null;
      closing.close();
    }
  }
}
