package dev.cairn.kernels;

import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.kernels.jni.CudaKernels;
import dev.cairn.tensor.DType;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * Casts over memory of a GPU. The same bits as {@link Kernels}; without checksums, which the host
 * takes when the bytes have come there.
 *
 * <p>Every method queues its work on a stream and returns; the memory must stay as it is until the
 * stream has got there. Any thread.
 */
public final class DeviceKernels {
  private static final DeviceKernels LOADED = new DeviceKernels();
  private static final int BYTES = 4;

  private DeviceKernels() {}

  /**
   * {@return the kernels for every GPU of this machine}
   *
   * @throws IllegalStateException if they cannot be used here, with the reason
   */
  public static DeviceKernels load() {
    reasonNotAvailable()
        .ifPresent(
            reason -> {
              throw new IllegalStateException(reason);
            });
    return LOADED;
  }

  /** {@return why the kernels cannot be used here, in one line; empty if they can} */
  public static Optional<String> reasonNotAvailable() {
    return Optional.ofNullable(CudaKernelLibrary.reasonNotLoaded());
  }

  /**
   * Loads every kernel on a GPU, where CUDA would load each when it is first launched: that waits
   * for all that is queued, and so for ever behind a collective whose other ranks wait for this
   * one. Called before any collective is queued.
   *
   * @param device a GPU
   * @throws DeviceException if CUDA refuses
   */
  public void loadOn(Device device) {
    call(device, "load", () -> CudaKernels.cairn_cuda_load(device.index()));
  }

  /**
   * Queues a cast, or a copy when both types are the same (then any type will do).
   *
   * @param from F64, F32, BF16 or F16
   * @param sourceAddress memory of the stream's GPU, a multiple of the size of an element
   * @param to F32, BF16 or F16
   * @param targetAddress likewise; must not overlap the source
   * @param elements how many, 0 or more
   * @param stream of the GPU whose memory it is
   * @throws IllegalArgumentException if there is no such cast, or an address is not aligned
   * @throws DeviceException if CUDA refuses
   */
  public void cast(
      DType from,
      long sourceAddress,
      DType to,
      long targetAddress,
      long elements,
      CudaStream stream) {
    checkPair(from, to);
    checkAddress("source", sourceAddress, from, elements);
    checkAddress("target", targetAddress, to, elements);
    boolean copied = from == to;
    call(
        stream.device(),
        "cast",
        () ->
            CudaKernels.cairn_cuda_cast(
                stream.device().index(),
                stream.handle(),
                copied ? BYTES : code(from),
                sourceAddress,
                copied ? BYTES : code(to),
                targetAddress,
                copied ? from.bytes(elements) : elements));
  }

  /**
   * Queues the casts of a table's segments, in one launch.
   *
   * @param table what {@code tableAddress} holds, by the time that the stream gets there
   * @param tableAddress {@link SegmentTable#lengthBytes} bytes of the GPU, a multiple of 8
   * @param sourceAddress a multiple of 16; the segments' offsets count from here
   * @param targetAddress likewise
   * @param stream of the GPU whose memory it is
   * @throws IllegalArgumentException if an address is not aligned
   * @throws DeviceException if CUDA refuses
   */
  public void unpack(
      SegmentTable table,
      long tableAddress,
      long sourceAddress,
      long targetAddress,
      CudaStream stream) {
    checkAligned("table", tableAddress, 8);
    checkAligned("source", sourceAddress, 16);
    checkAligned("target", targetAddress, 16);
    call(
        stream.device(),
        "unpack",
        () ->
            CudaKernels.cairn_cuda_unpack(
                stream.device().index(),
                stream.handle(),
                tableAddress,
                table.segments(),
                table.tiles(),
                sourceAddress,
                targetAddress));
  }

  static void checkPair(DType from, DType to) {
    if (from != to && !(from.isCastable() && to.isCastable() && to != DType.F64)) {
      throw new IllegalArgumentException(
          "no such cast on a GPU: from=%s, to=%s, expected F64, F32, BF16 or F16 to F32, BF16 or F16"
              .formatted(from, to));
    }
  }

  /** {@return the {@code CAIRN_*} of a type that is cast} */
  static int code(DType dtype) {
    return switch (dtype) {
      case F64 -> 0;
      case F32 -> 1;
      case BF16 -> 2;
      case F16 -> 3;
      default -> throw new IllegalArgumentException("no cast: dtype=" + dtype);
    };
  }

  private static void checkAddress(String role, long address, DType dtype, long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("negative count: elements=" + elements);
    }
    checkAligned(role, address, Math.max(1, dtype.bits() / 8));
  }

  private static void checkAligned(String role, long address, int alignmentBytes) {
    if (address % alignmentBytes != 0) {
      throw new IllegalArgumentException(
          "%s of a GPU kernel is not aligned: address=0x%x, expected a multiple of %d"
              .formatted(role, address, alignmentBytes));
    }
  }

  private static void call(Device device, String kernel, IntSupplier call) {
    int[] result = {0};
    Cuda.run(device, () -> result[0] = call.getAsInt());
    check(kernel, result[0], device);
  }

  private static void check(String kernel, int result, Device device) {
    if (result > 0) {
      throw DeviceException.of("cairn_cuda_" + kernel, result, device);
    }
    if (result < 0) {
      throw new KernelException(
          "GPU kernel refused: kernel=%s, code=%d, device=%s".formatted(kernel, result, device),
          result);
    }
  }
}
