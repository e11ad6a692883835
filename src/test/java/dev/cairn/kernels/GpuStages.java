package dev.cairn.kernels;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * On a machine with a GPU: casts every F32 there is as the CPU does, and measures what a save from
 * the GPU goes through. Prints one line of JSON.
 */
final class GpuStages {
  private static final Device GPU = Device.cuda(0);
  private static final int BYTES = 1 << 28;
  private static final int ROUNDS = 9;

  private GpuStages() {}

  public static void main(String[] arguments) {
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory wide = DeviceMemory.allocate(GPU, BYTES);
        DeviceMemory narrow = DeviceMemory.allocate(GPU, BYTES);
        PinnedMemory host = PinnedMemory.allocate(GPU, BYTES)) {
      long wrong = 0;
      for (DType to : new DType[] {DType.BF16, DType.F16}) {
        wrong += wrongCasts(to, stream, wide, narrow, host);
      }
      int elements = BYTES / 4;
      double copy =
          rate(stream, () -> stream.copyOnDevice(wide.address(), narrow.address(), BYTES));
      double cast =
          rate(
              stream,
              () ->
                  DeviceKernels.load()
                      .cast(
                          DType.F32,
                          wide.address(),
                          DType.BF16,
                          narrow.address(),
                          elements,
                          stream));
      double toHost = rate(stream, () -> stream.copyToHost(wide.address(), host.address(), BYTES));
      System.out.printf(
          "{\"wrongCasts\":%d,\"deviceCopyGBs\":%.1f,\"castInputGBs\":%.1f,\"toHostGBs\":%.1f}%n",
          wrong, copy, cast, toHost);
      System.exit(wrong == 0 ? 0 : 1);
    }
  }

  /** Casts all 2^32 patterns, a block at a time. */
  private static long wrongCasts(
      DType to, CudaStream stream, DeviceMemory wide, DeviceMemory narrow, PinnedMemory host) {
    int elements = BYTES / 8; // the host's memory has room for source and result
    ByteBuffer expected = Casts.direct(2 * elements, 0);
    long wrong = 0;
    for (long first = 0; first < 1L << 32; first += elements) {
      ByteBuffer source = host.view(0, 4 * elements);
      for (int i = 0; i < elements; i++) {
        source.putInt(4 * i, (int) (first + i));
      }
      stream.copyToDevice(host.address(), wide.address(), 4L * elements);
      DeviceKernels.load().cast(DType.F32, wide.address(), to, narrow.address(), elements, stream);
      long result = host.address() + 4L * elements;
      stream.copyToHost(narrow.address(), result, 2L * elements);
      Kernels.best().cast(DType.F32, source, to, expected, elements, 0);
      stream.synchronize();
      wrong += expected.equals(host.view(4L * elements, 2 * elements)) ? 0 : 1;
    }
    return wrong;
  }

  /** Returns the median of several runs, in GB of {@link #BYTES} per second. */
  private static double rate(CudaStream stream, Runnable queue) {
    double[] rates = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      stream.synchronize();
      long start = System.nanoTime();
      queue.run();
      stream.synchronize();
      rates[round] = BYTES / (double) (System.nanoTime() - start);
    }
    Arrays.sort(rates);
    return rates[ROUNDS / 2];
  }
}
