package dev.cairn.benchmarks.stall;

import dev.cairn.Checkpointer;
import dev.cairn.PendingSave;
import dev.cairn.RunOptions;
import dev.cairn.benchmarks.models.LlamaShapes;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One rank of {@link AsyncStall}: holds F32 partitions one after the other, as DeepSpeed does. */
final class StallRank implements AutoCloseable {
  private static final int BLOCK_BYTES = 4 << 20;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int STEPS = 60;
  private static final long STEP_ROUNDS = 8_000_000;

  private final SaveOptions options = SaveOptions.builder().mode(SaveMode.PARALLEL).build();
  private final StallTogether together;
  private final HostMemory held;
  private final HostMemory copy;
  private final ParameterSet model;
  private final Checkpointer checkpointer;
  private long bits = 1;

  /**
   * What one round took.
   *
   * @param steps done while the save was written
   * @param extraSeconds that they took longer than without a save
   * @param ownCpuSeconds of the thread that did them
   * @param cpuSeconds of the process meanwhile
   */
  record Round(
      double copySeconds,
      double halfCopySeconds,
      double stallSeconds,
      double steps,
      double extraSeconds,
      double ownCpuSeconds,
      double cpuSeconds) {}

  StallRank(Communicator communicator, Path folder, double parameters, StallTogether together)
      throws IOException {
    this.together = together;
    Map<String, Shape> shapes = LlamaShapes.of(parameters);
    int rank = communicator.rank();
    int size = communicator.size();
    long heldBytes =
        shapes.values().stream().mapToLong(shape -> partitionBytes(shape, rank, size)).sum();
    held = HostMemory.allocate(heldBytes);
    copy = HostMemory.allocate(heldBytes);
    List<Parameter> list = new ArrayList<>();
    long address = held.address();
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      long lengthBytes = partitionBytes(entry.getValue(), rank, size);
      Partition partition = Partition.of(address, lengthBytes, Device.cpu());
      list.add(
          Parameter.of(entry.getKey(), entry.getValue(), DType.F32, Layout.zero3(), partition));
      address += lengthBytes;
    }
    model = ParameterSet.of(list);
    checkpointer = Checkpointer.open(communicator, options, RunOptions.in(folder).withKeepLast(1));
    checkpointer.reserveSnapshot(model, noState());
  }

  private static long partitionBytes(Shape shape, int rank, int size) {
    return DType.F32.bytes(Layout.zero3().paddedElements(shape, rank, size));
  }

  private static TrainerState noState() {
    return TrainerState.builder().build();
  }

  List<Round> measure(int count) throws Exception {
    List<Round> rounds = new ArrayList<>();
    for (int round = 0; round < count; round++) {
      double full = copySeconds(held.lengthBytes());
      double half = copySeconds(held.lengthBytes() / 2);
      together.await();
      PendingSave save = checkpointer.saveAsync(round, model, ModelFiles.none(), noState());
      double stall = save.stallNanos() / 1e9;
      save.await();
      rounds.add(steps(count + round, full, half, stall));
    }
    return rounds;
  }

  /** Runs steps without a save, then with one until it has ended. */
  private Round steps(int step, double full, double half, double stall) throws Exception {
    together.await();
    long start = System.nanoTime();
    for (int index = 0; index < STEPS; index++) {
      runStep();
    }
    double stepSeconds = (System.nanoTime() - start) / 1e9 / STEPS;
    together.await();
    PendingSave save = checkpointer.saveAsync(step, model, ModelFiles.none(), noState());
    long cpuBefore = together.await();
    long ownCpuBefore = THREADS.getCurrentThreadCpuTime();
    start = System.nanoTime();
    int done = 0;
    while (!save.isDone()) {
      runStep();
      done++;
    }
    double extra = (System.nanoTime() - start) / 1e9 - done * stepSeconds;
    double ownCpu = (THREADS.getCurrentThreadCpuTime() - ownCpuBefore) / 1e9;
    double cpu = (together.await() - cpuBefore) / 1e9;
    save.await();
    return new Round(full, half, stall, done, extra, ownCpu, cpu);
  }

  /** A step of pure arithmetic, which keeps a core busy. */
  private void runStep() {
    for (long index = 0; index < STEP_ROUNDS; index++) {
      bits = bits * 6364136223846793005L + 1442695040888963407L;
    }
  }

  /** Copies so many bytes with as many threads as a save has. */
  private double copySeconds(long lengthBytes) throws Exception {
    int threadCount = options.stagingBuffers();
    together.await();
    long start = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int index = 0; index < threadCount; index++) {
      long first = (long) index * BLOCK_BYTES;
      Thread thread =
          new Thread(
              () -> {
                for (long at = first; at < lengthBytes; at += (long) threadCount * BLOCK_BYTES) {
                  int count = (int) Math.min(BLOCK_BYTES, lengthBytes - at);
                  copy.view(at, count).put(held.view(at, count));
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public void close() throws IOException {
    checkpointer.close();
    copy.close();
    held.close();
  }
}
