package dev.cairn.device;

import org.bytedeco.cuda.global.cudart;

/**
 * A queue of work on one GPU: what is queued on it runs in that order, and in no order with what
 * other streams and the host do, unless a {@link CudaEvent} makes one wait for the other.
 *
 * <p>Any thread. Closing while another thread queues work is the caller's mistake; work that was
 * queued before is still done.
 */
public final class CudaStream implements AutoCloseable {
  private final Device device;
  private final long handle;
  private final boolean borrowed;
  private boolean closed;

  private CudaStream(Device device, long handle, boolean borrowed) {
    this.device = device;
    this.handle = handle;
    this.borrowed = borrowed;
  }

  /**
   * Creates a stream, which does not wait for the default one.
   *
   * @param device a GPU
   * @return what the caller closes
   * @throws IllegalArgumentException if there is no such GPU
   * @throws IllegalStateException if CUDA is not available
   */
  public static CudaStream create(Device device) {
    Cuda.checkDevice(device);
    return new CudaStream(device, CudaRuntime.createStream(device), false);
  }

  /**
   * {@return a stream that someone else owns, such as the one that a trainer computes on; not
   * destroyed by {@link #close}}
   *
   * @param device the GPU that it belongs to
   * @param handle its {@code cudaStream_t}; 0 is the default stream of {@code device}
   */
  public static CudaStream borrowed(Device device, long handle) {
    Cuda.checkDevice(device);
    return new CudaStream(device, handle, true);
  }

  /** {@return the GPU} */
  public Device device() {
    return device;
  }

  /** {@return the {@code cudaStream_t}} */
  public synchronized long handle() {
    if (closed) {
      throw new IllegalStateException("stream is closed: " + device);
    }
    return handle;
  }

  /**
   * Queues a copy from device to host memory. Into pinned memory it is made later; into other
   * memory this call waits until it is made.
   *
   * @param sourceAddress first byte to read
   * @param targetAddress first byte to write
   * @param lengthBytes 0 or more
   */
  public void copyToHost(long sourceAddress, long targetAddress, long lengthBytes) {
    copy(sourceAddress, targetAddress, lengthBytes, cudart.cudaMemcpyDeviceToHost);
  }

  /**
   * Queues a copy from host to device memory. Pinned memory is read later, other memory now.
   *
   * @param sourceAddress first byte to read
   * @param targetAddress first byte to write
   * @param lengthBytes 0 or more
   */
  public void copyToDevice(long sourceAddress, long targetAddress, long lengthBytes) {
    copy(sourceAddress, targetAddress, lengthBytes, cudart.cudaMemcpyHostToDevice);
  }

  /**
   * Queues a copy within the memory of the GPU.
   *
   * @param sourceAddress first byte to read
   * @param targetAddress first byte to write
   * @param lengthBytes 0 or more
   */
  public void copyOnDevice(long sourceAddress, long targetAddress, long lengthBytes) {
    copy(sourceAddress, targetAddress, lengthBytes, cudart.cudaMemcpyDeviceToDevice);
  }

  private void copy(long sourceAddress, long targetAddress, long lengthBytes, int kind) {
    if (lengthBytes < 0) {
      throw new IllegalArgumentException("negative copy: lengthBytes=" + lengthBytes);
    }
    if (lengthBytes > 0) {
      CudaRuntime.copy(this, sourceAddress, targetAddress, lengthBytes, kind);
    }
  }

  /**
   * Makes what is queued after this wait until the event's last record has been reached.
   *
   * @param event recorded on any stream of this process
   */
  public void waitFor(CudaEvent event) {
    CudaRuntime.wait(this, event);
  }

  /** Returns when all that is queued has been done; throws what went wrong on the way. */
  public void synchronize() {
    // By an event, which leaves the processor to others: cudaStreamSynchronize may spin.
    try (CudaEvent end = CudaEvent.create(device)) {
      end.record(this);
      end.synchronize();
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (!borrowed) {
      CudaRuntime.destroyStream(device, handle);
    }
  }
}
