package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/**
 * Measures how long an asynchronous save holds the trainer, beside a plain copy of the same bytes
 * by the same number of threads. Not a test: run it alone on a machine.
 *
 * <p>Arguments: a folder, millions of parameters, ranks (threads of this process), rounds. Prints
 * one line a round, and medians.
 */
final class StallProgram {
  private static final int TENSORS = 150;
  private static final int BLOCK_BYTES = 4 << 20;

  private final Path folder;
  private final long elements;
  private final int worldSize;
  private final int rounds;
  private final CyclicBarrier barrier;
  private final long[][] copyNanos;
  private final long[][] stallNanos;

  private StallProgram(String[] arguments) {
    folder = Path.of(arguments[0]);
    elements = Long.parseLong(arguments[1]) * 1_000_000 / TENSORS;
    worldSize = Integer.parseInt(arguments[2]);
    rounds = Integer.parseInt(arguments[3]);
    barrier = new CyclicBarrier(worldSize);
    copyNanos = new long[rounds][worldSize];
    stallNanos = new long[rounds][worldSize];
  }

  public static void main(String[] arguments) throws Exception {
    StallProgram program = new StallProgram(arguments);
    Group.run(
            program.worldSize,
            communicator -> {
              program.measure(communicator);
              return null;
            })
        .forEach(
            result -> {
              if (result.failure() != null) {
                throw new AssertionError(result.failure());
              }
            });
    program.print();
  }

  private void measure(Communicator communicator) throws Exception {
    int rank = communicator.rank();
    long partitionBytes = (elements + worldSize - 1) / worldSize * Float.BYTES;
    long heldBytes = partitionBytes * TENSORS;
    SaveOptions options =
        SaveOptions.builder().mode(SaveMode.PARALLEL).durability(Durability.FAST).build();
    try (HostMemory held = HostMemory.allocate(heldBytes);
        HostMemory copy = HostMemory.allocate(heldBytes);
        Checkpointer checkpointer =
            Checkpointer.open(communicator, options, RunOptions.in(folder).withKeepLast(1))) {
      List<Parameter> parameters = new ArrayList<>();
      for (int tensor = 0; tensor < TENSORS; tensor++) {
        long address = held.address() + tensor * partitionBytes;
        parameters.add(
            Parameter.of(
                "layer.%03d.weight".formatted(tensor),
                Shape.of(elements),
                DType.F32,
                Layout.zero3(),
                Partition.of(address, partitionBytes, Device.cpu())));
      }
      ParameterSet model = ParameterSet.of(parameters);
      TrainerState state = TrainerState.builder().build();
      checkpointer.reserveSnapshot(model, state);
      for (int round = 0; round < rounds; round++) {
        copyNanos[round][rank] = copy(held, copy, heldBytes, options.stagingBuffers());
        barrier.await();
        PendingSave save = checkpointer.saveAsync(round, model, ModelFiles.none(), state);
        stallNanos[round][rank] = save.stallNanos();
        save.await();
      }
    }
  }

  private long copy(HostMemory from, HostMemory to, long lengthBytes, int threadCount)
      throws InterruptedException, BrokenBarrierException {
    barrier.await();
    long start = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int index = 0; index < threadCount; index++) {
      long first = (long) index * BLOCK_BYTES;
      Thread thread =
          new Thread(
              () -> {
                for (long at = first; at < lengthBytes; at += (long) threadCount * BLOCK_BYTES) {
                  int count = (int) Math.min(BLOCK_BYTES, lengthBytes - at);
                  to.view(at, count).put(from.view(at, count));
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return System.nanoTime() - start;
  }

  private void print() {
    for (int round = 0; round < rounds; round++) {
      System.out.printf(
          "copy %.4f s, stall %.4f s%n", slowest(copyNanos[round]), slowest(stallNanos[round]));
    }
    double copy = median(copyNanos);
    double stall = median(stallNanos);
    System.out.printf("median copy %.4f s, stall %.4f s, ratio %.2f%n", copy, stall, stall / copy);
  }

  private static double slowest(long[] nanos) {
    return Arrays.stream(nanos).max().orElseThrow() / 1e9;
  }

  private static double median(long[][] nanos) {
    double[] sorted = Arrays.stream(nanos).mapToDouble(StallProgram::slowest).sorted().toArray();
    return sorted[sorted.length / 2];
  }
}
