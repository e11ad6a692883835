package dev.cairn.device;

/** A call of CUDA failed: the message names the call and has CUDA's own words. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int OUT_OF_MEMORY = 2;

  /** The function. */
  private final String call;

  /** The {@code cudaError_t}. */
  private final int code;

  private DeviceException(String message, String call, int code) {
    super(message);
    this.call = call;
    this.code = code;
  }

  /**
   * {@return the exception for a return code of CUDA's runtime}
   *
   * @param call the function that returned it
   * @param code a {@code cudaError_t} other than 0
   * @param device that the call was about
   */
  public static DeviceException of(String call, int code, Device device) {
    return of(call, code, device.toString());
  }

  static DeviceException of(String call, int code, String where) {
    return new DeviceException(
        "CUDA call failed: call=%s, code=%d (%s), %s"
            .formatted(call, code, CudaRuntime.errorText(code), where),
        call,
        code);
  }

  /** {@return the name of the function that failed} */
  public String call() {
    return call;
  }

  /** {@return whether there was not enough memory} */
  public boolean isOutOfMemory() {
    return code == OUT_OF_MEMORY;
  }

  /** {@return the {@code cudaError_t}; never 0} */
  public int code() {
    return code;
  }
}
