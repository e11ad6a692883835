package dev.cairn.device;

/**
 * Host memory that stays where it is, so that GPUs copy to and from it while the host does other
 * things. {@link #close} waits for work that is queued on the GPU.
 */
public final class PinnedMemory implements ViewableMemory {
  private final Device device;
  private final long address;
  private final long lengthBytes;
  private boolean closed;

  private PinnedMemory(Device device, long address, long lengthBytes) {
    this.device = device;
    this.address = address;
    this.lengthBytes = lengthBytes;
  }

  /**
   * Allocates memory that every GPU can copy to and from; its pages are there at once.
   *
   * @param device the GPU that will use it most
   * @param lengthBytes 1 or more
   * @return what the caller closes
   * @throws IllegalArgumentException if there is no such GPU
   * @throws IllegalStateException if CUDA is not available
   * @throws DeviceException if the system cannot pin that much
   */
  public static PinnedMemory allocate(Device device, long lengthBytes) {
    Cuda.checkDevice(device);
    if (lengthBytes < 1) {
      throw new IllegalArgumentException(
          "bad pinned memory: lengthBytes=" + lengthBytes + ", expected at least 1");
    }
    return new PinnedMemory(device, CudaRuntime.allocatePinned(device, lengthBytes), lengthBytes);
  }

  @Override
  public synchronized long address() {
    if (closed) {
      throw new IllegalStateException("pinned memory is closed");
    }
    return address;
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      CudaRuntime.freePinned(device, address);
    }
  }
}
