package dev.cairn.device;

/**
 * A mark in a stream's work that other streams and the host can wait for. It may be recorded again
 * and again; whoever waits waits for the last record made before.
 *
 * <p>Any thread. An event that was never recorded holds nobody up.
 */
public final class CudaEvent implements AutoCloseable {
  private final Device device;
  private final long handle;
  private boolean closed;

  private CudaEvent(Device device, long handle) {
    this.device = device;
    this.handle = handle;
  }

  /**
   * Creates an event for streams of a GPU.
   *
   * @param device a GPU
   * @return what the caller closes
   * @throws IllegalArgumentException if there is no such GPU
   * @throws IllegalStateException if CUDA is not available
   */
  public static CudaEvent create(Device device) {
    Cuda.checkDevice(device);
    return new CudaEvent(device, CudaRuntime.createEvent(device));
  }

  /** {@return the GPU} */
  public Device device() {
    return device;
  }

  synchronized long handle() {
    if (closed) {
      throw new IllegalStateException("event is closed: " + device);
    }
    return handle;
  }

  /**
   * Marks what is queued on a stream by now.
   *
   * @param stream of the same GPU
   */
  public void record(CudaStream stream) {
    CudaRuntime.record(this, stream);
  }

  /** Waits until the last mark has been reached; throws what went wrong on the way. */
  public void synchronize() {
    CudaRuntime.synchronize(this);
  }

  /** {@return whether the last mark has been reached} */
  public boolean isDone() {
    return CudaRuntime.isDone(this);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      CudaRuntime.destroyEvent(device, handle);
    }
  }
}
