package dev.cairn.device;

import java.util.Optional;

/**
 * The GPUs of this machine that CUDA gives to this process. Any thread.
 *
 * <p>CUDA's driver and runtime come from the system; where they are missing, nothing is loaded and
 * only {@link #isAvailable} and {@link #reasonNotAvailable} may be called.
 */
public final class Cuda {
  private Cuda() {}

  /** {@return whether there is at least one GPU and all that it takes to use it} */
  public static boolean isAvailable() {
    return reasonNotAvailable().isEmpty();
  }

  /** {@return what is missing, in one line; empty if nothing is} */
  public static Optional<String> reasonNotAvailable() {
    String reason = CudaLibrary.reasonNotLoaded();
    if (reason != null) {
      return Optional.of(reason);
    }
    try {
      return CudaRuntime.deviceCount() > 0 ? Optional.empty() : Optional.of("no CUDA device");
    } catch (DeviceException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * {@return how many GPUs there are; {@link Device#cuda} counts them from 0}
   *
   * @throws IllegalStateException if CUDA is not loaded
   */
  public static int deviceCount() {
    checkLoaded();
    return CudaRuntime.deviceCount();
  }

  /**
   * {@return how much of a GPU's memory is free}
   *
   * @param device a GPU
   * @throws IllegalArgumentException if there is no such GPU
   */
  public static long freeBytes(Device device) {
    checkDevice(device);
    return CudaRuntime.freeBytes(device);
  }

  /**
   * {@return whose memory an address is: that GPU's, or the host's, pinned or not}
   *
   * @param address any
   * @throws IllegalStateException if CUDA is not loaded
   */
  public static Device deviceOf(long address) {
    checkLoaded();
    return CudaRuntime.deviceOf(address);
  }

  /**
   * Runs work for which a GPU is this thread's current one; afterwards the one before is.
   *
   * @param device a GPU
   * @param work run at once, on this thread
   * @throws IllegalArgumentException if there is no such GPU
   */
  public static void run(Device device, Runnable work) {
    checkDevice(device);
    CudaRuntime.run(device, work);
  }

  /**
   * Waits until nothing that anybody has queued on a GPU in this process is left to do.
   *
   * @param device a GPU
   * @throws IllegalArgumentException if there is no such GPU
   */
  public static void synchronize(Device device) {
    checkDevice(device);
    CudaRuntime.synchronize(device);
  }

  static void checkLoaded() {
    if (CudaLibrary.reasonNotLoaded() != null) {
      throw new IllegalStateException("CUDA is not available: " + CudaLibrary.reasonNotLoaded());
    }
  }

  static void checkDevice(Device device) {
    checkLoaded();
    if (device.isCpu() || device.index() < 0 || device.index() >= CudaRuntime.deviceCount()) {
      throw new IllegalArgumentException(
          "no such GPU: device=%s, expected cuda:0 to cuda:%d"
              .formatted(device, CudaRuntime.deviceCount() - 1));
    }
  }
}
