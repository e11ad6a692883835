package dev.cairn.kernels.jni;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The kernels for GPUs, as {@code cairn/cuda.h} describes them; internal.
 *
 * <p>Addresses and streams are numbers; nothing is checked here. The library must have been loaded
 * with {@code Loader.load(CudaKernels.class)}, after CUDA's.
 */
@Platform(
    include = "cairn/cuda.h",
    compiler = "cpp17",
    library = "jnicairncuda",
    extension = "-gpu")
@NoException
public final class CudaKernels {
  /** The {@code CAIRN_CUDA_ABI} that these declarations were written for. */
  public static final int ABI = 2;

  private CudaKernels() {}

  /** {@return the {@code CAIRN_CUDA_ABI} that the library was built with} */
  public static native int cairn_cuda_abi();

  /**
   * Loads every kernel on a device; waits for what is queued there.
   *
   * @param device on which
   * @return 0, a {@code cudaError_t}, or less than 0
   */
  public static native int cairn_cuda_load(int device);

  /**
   * Queues a cast.
   *
   * @param device that {@code stream} belongs to
   * @param stream a {@code cudaStream_t}
   * @param from element type
   * @param source address
   * @param to element type
   * @param target address
   * @param elements how many
   * @return 0, a {@code cudaError_t}, or less than 0
   */
  public static native int cairn_cuda_cast(
      int device, long stream, int from, long source, int to, long target, long elements);

  /**
   * Queues the casts of a table's rows.
   *
   * @param device that {@code stream} belongs to
   * @param stream a {@code cudaStream_t}
   * @param table address of rows in device memory
   * @param segments how many rows
   * @param tiles of all rows
   * @param source address that the rows' offsets count from
   * @param target likewise
   * @return 0, a {@code cudaError_t}, or less than 0
   */
  public static native int cairn_cuda_unpack(
      int device, long stream, long table, long segments, long tiles, long source, long target);
}
