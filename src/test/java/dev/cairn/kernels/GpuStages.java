package dev.cairn.kernels;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.Emulation;
import dev.cairn.device.PinnedMemory;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.cuda.global.cudart;

/**
 * On a machine with a GPU: casts every F32 there is as the CPU does, and measures what a save from
 * the GPU goes through. Prints one line of JSON. Under the emulation, with less of everything, only
 * its code is tested: the numbers mean nothing.
 */
final class GpuStages {
  private static final Device GPU = Device.cuda(0);
  private static final int ROUNDS = 9;
  private static final int PARTS = 512;

  private final int lengthBytes;
  private final CudaStream stream;
  private final DeviceMemory wide;
  private final DeviceMemory narrow;

  private GpuStages(int lengthBytes, CudaStream stream, DeviceMemory wide, DeviceMemory narrow) {
    this.lengthBytes = lengthBytes;
    this.stream = stream;
    this.wide = wide;
    this.narrow = narrow;
  }

  /** The arguments are how many bytes are moved at once, and how many patterns are cast. */
  public static void main(String[] arguments) {
    Emulation.load();
    int lengthBytes = Integer.parseInt(arguments[0]);
    long patterns = Long.parseLong(arguments[1]);
    long wrong = 0;
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory wide = DeviceMemory.allocate(GPU, lengthBytes);
        DeviceMemory narrow = DeviceMemory.allocate(GPU, lengthBytes);
        PinnedMemory host = PinnedMemory.allocate(GPU, lengthBytes)) {
      GpuStages stages = new GpuStages(lengthBytes, stream, wide, narrow);
      for (DType to : new DType[] {DType.BF16, DType.F16}) {
        wrong += stages.wrongCasts(to, host, patterns);
      }
      System.out.printf(
          Locale.ROOT,
          "{\"wrongCasts\":%d,\"patterns\":%d,\"memoryLimitGBs\":%.4f,\"deviceCopyGBs\":%.4f,\"castGBs\":%.4f,"
              + "\"unpackGBs\":%.4f,\"toHostGBs\":%.4f}%n",
          wrong,
          patterns,
          memoryLimit(),
          2 * stages.rate(() -> stream.copyOnDevice(wide.address(), narrow.address(), lengthBytes)),
          1.5 * stages.rate(() -> stages.cast(DType.BF16, lengthBytes / 4)),
          2 * stages.unpackRate(),
          stages.rate(() -> stream.copyToHost(wide.address(), host.address(), lengthBytes)));
    }
    System.exit(wrong == 0 ? 0 : 1);
  }

  /** Returns what the memory can move, in GB per second: twice a clock, over all its lines. */
  private static double memoryLimit() {
    double clockKhz = attribute(cudart.cudaDevAttrMemoryClockRate);
    return 2 * clockKhz * 1e3 * attribute(cudart.cudaDevAttrGlobalMemoryBusWidth) / 8 / 1e9;
  }

  private static int attribute(int attribute) {
    int[] value = {0};
    int code = cudart.cudaDeviceGetAttribute(value, attribute, GPU.index());
    return code == cudart.cudaSuccess ? value[0] : 0; // 0 is shown as unknown
  }

  private void cast(DType to, int elements) {
    DeviceKernels.load().cast(DType.F32, wide.address(), to, narrow.address(), elements, stream);
  }

  /** Casts that many patterns of all 2^32, evenly spread, a block at a time. */
  private long wrongCasts(DType to, PinnedMemory host, long patterns) {
    int elements = lengthBytes / 8; // the host's memory has room for source and result
    ByteBuffer expected = Casts.direct(2 * elements, 0);
    long step = Math.max(1, (1L << 32) / patterns);
    long wrong = 0;
    for (long first = 0; first < 1L << 32; first += elements * step) {
      ByteBuffer source = host.view(0, 4 * elements);
      for (int i = 0; i < elements; i++) {
        source.putInt(4 * i, (int) (first + i * step));
      }
      stream.copyToDevice(host.address(), wide.address(), 4L * elements);
      cast(to, elements);
      long result = host.address() + 4L * elements;
      stream.copyToHost(narrow.address(), result, 2L * elements);
      Kernels.best().cast(DType.F32, source, to, expected, elements, 0);
      stream.synchronize();
      wrong += expected.equals(host.view(4L * elements, 2 * elements)) ? 0 : 1;
    }
    return wrong;
  }

  /** Measures bringing a bucket of many parts into file order. */
  private double unpackRate() {
    int partBytes = lengthBytes / PARTS / 16 * 16;
    SegmentTable table = new SegmentTable(lengthBytes, lengthBytes);
    for (int part = 0; part < PARTS; part++) {
      long offset = (long) partBytes * part;
      table.add(DType.U8, offset, DType.U8, (long) partBytes * (PARTS - 1 - part), partBytes);
    }
    int tableBytes = Math.toIntExact(table.lengthBytes());
    try (PinnedMemory staging = PinnedMemory.allocate(GPU, tableBytes);
        DeviceMemory onDevice = DeviceMemory.allocate(GPU, tableBytes)) {
      table.writeTo(staging.view(0, tableBytes));
      stream.copyToDevice(staging.address(), onDevice.address(), tableBytes);
      return rate(
          () ->
              DeviceKernels.load()
                  .unpack(table, onDevice.address(), wide.address(), narrow.address(), stream));
    }
  }

  /**
   * Returns the median of several runs, in GB of the length that is moved at once per second: by
   * the GPU's own clock, as the host's sees a launch of some microseconds besides.
   */
  private double rate(Runnable queue) {
    double[] rates = new double[ROUNDS];
    queue.run(); // once, so that nothing is new
    try (TimingEvent begin = new TimingEvent();
        TimingEvent end = new TimingEvent()) {
      for (int round = 0; round < ROUNDS; round++) {
        begin.record(stream);
        queue.run();
        end.record(stream);
        stream.synchronize();
        rates[round] = lengthBytes / (begin.millisUntil(end) * 1e6);
      }
    }
    Arrays.sort(rates);
    return rates[ROUNDS / 2];
  }
}
