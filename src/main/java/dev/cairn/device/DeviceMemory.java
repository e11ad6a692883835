package dev.cairn.device;

/**
 * Memory of a GPU, freed by {@link #close}, which waits for work that is queued on the GPU. Host
 * code must not touch its addresses. Any thread.
 */
public final class DeviceMemory implements AutoCloseable {
  private final Device device;
  private final long address;
  private final long lengthBytes;
  private boolean closed;

  private DeviceMemory(Device device, long address, long lengthBytes) {
    this.device = device;
    this.address = address;
    this.lengthBytes = lengthBytes;
  }

  /**
   * Allocates memory; what it holds is not defined.
   *
   * @param device a GPU
   * @param lengthBytes 1 or more
   * @return what the caller closes
   * @throws IllegalArgumentException if there is no such GPU
   * @throws IllegalStateException if CUDA is not available
   * @throws DeviceException if the GPU has not that much
   */
  public static DeviceMemory allocate(Device device, long lengthBytes) {
    Cuda.checkDevice(device);
    if (lengthBytes < 1) {
      throw new IllegalArgumentException(
          "bad device memory: lengthBytes=" + lengthBytes + ", expected at least 1");
    }
    return new DeviceMemory(device, CudaRuntime.allocate(device, lengthBytes), lengthBytes);
  }

  /** {@return the GPU} */
  public Device device() {
    return device;
  }

  /** {@return the address of the first byte on the GPU, a multiple of 256} */
  public synchronized long address() {
    if (closed) {
      throw new IllegalStateException("device memory is closed: " + device);
    }
    return address;
  }

  /** {@return the length in bytes} */
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      CudaRuntime.free(device, address);
    }
  }
}
