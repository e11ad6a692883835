package dev.cairn.comm;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.cuda.global.cudart;

/**
 * On a machine with GPUs, one process for each: measures gathers of a bucket alone, by both
 * algorithms, and beside them a plain copy from one GPU to another. Rank 0 prints one line of JSON:
 * GB per second that come into rank 0's GPU.
 */
final class NcclStages {
  private static final int ROUNDS = 9;

  private final Communicator ranks;
  private final CudaStream stream;

  private NcclStages(Communicator ranks, CudaStream stream) {
    this.ranks = ranks;
    this.stream = stream;
  }

  /** The argument is how many bytes all ranks give together. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    try (Communicator ranks = Communicator.fromEnvironment()) {
      Device gpu = Device.cuda(ranks.rank());
      long rankBytes = Long.parseLong(arguments[0]) / ranks.size() / 16 * 16;
      long[] usedBytes = new long[ranks.size()];
      Arrays.fill(usedBytes, rankBytes);
      try (NcclGroup group = NcclGroup.connect(ranks, gpu, Duration.ofMinutes(1));
          CudaStream stream = CudaStream.create(gpu);
          DeviceMemory memory = DeviceMemory.allocate(gpu, rankBytes * ranks.size())) {
        NcclStages stages = new NcclStages(ranks, stream);
        long intoBytes = rankBytes * (ranks.size() - 1);
        double all =
            stages.rate(
                intoBytes, () -> group.allGather(memory.address(), rankBytes, stream, () -> {}));
        double toOne =
            stages.rate(
                intoBytes,
                () -> group.gather(memory.address(), rankBytes, usedBytes, stream, () -> {}));
        if (ranks.rank() == 0) {
          System.out.printf(
              Locale.ROOT,
              "{\"ranks\":%d,\"allGatherGBs\":%.4f,\"sendReceiveGBs\":%.4f,\"peerCopyGBs\":%.4f}%n",
              ranks.size(),
              all,
              toOne,
              stages.peerCopyRate(memory));
        }
      }
      ranks.control().allGather(new byte[0]);
    }
  }

  private interface Queue {
    void run() throws Exception;
  }

  /** Returns the median of several runs that all ranks begin together. */
  private double rate(long lengthBytes, Queue queue) throws Exception {
    double[] rates = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      ranks.control().allGather(new byte[0]);
      rates[round] = once(lengthBytes, queue);
    }
    Arrays.sort(rates);
    return rates[ROUNDS / 2];
  }

  private double once(long lengthBytes, Queue queue) throws Exception {
    long start = System.nanoTime();
    queue.run();
    stream.synchronize();
    return lengthBytes / (double) (System.nanoTime() - start);
  }

  /** Measures a copy from the second GPU into the first; directly, where that is possible. */
  private double peerCopyRate(DeviceMemory target) throws Exception {
    Device other = Device.cuda(1);
    cudart.cudaDeviceEnablePeerAccess(other.index(), 0); // if not, copies go through the host
    try (DeviceMemory source = DeviceMemory.allocate(other, target.lengthBytes())) {
      double best = 0;
      for (int round = 0; round < ROUNDS; round++) {
        best =
            Math.max(
                best,
                once(
                    target.lengthBytes(),
                    () ->
                        stream.copyOnDevice(
                            source.address(), target.address(), target.lengthBytes())));
      }
      return best;
    }
  }
}
