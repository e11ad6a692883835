package dev.cairn.benchmarks.scale;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Threads as ranks, each with a few elements of many small tensors: what a gather costs beside its
 * bytes.
 *
 * <p>Arguments: {@code MODE RANKS TENSORS}. Says {@code ready}, and for each line on its standard
 * input, the path to save to, saves once and prints the seconds.
 */
public final class ThreadRanks {
  private static final int STAGING_BYTES = 4 << 20;

  /** Half of the tensors are like norms, half like small weights. */
  private static final Shape[] SHAPES = {Shape.of(1024), Shape.of(64, 1024)};

  private final Checkpointer checkpointer;
  private final ParameterSet model;

  private ThreadRanks(Communicator communicator, SaveMode mode, int tensors) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .mode(mode)
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(STAGING_BYTES)
            .build();
    checkpointer = Checkpointer.open(communicator, options);
    List<Parameter> parameters = new ArrayList<>();
    for (int tensor = 0; tensor < tensors; tensor++) {
      Shape shape = SHAPES[tensor % SHAPES.length];
      long elements =
          Layout.zero3().paddedElements(shape, communicator.rank(), communicator.size());
      ByteBuffer memory = ByteBuffer.allocateDirect((int) DType.F32.bytes(elements));
      parameters.add(
          Parameter.of("layer." + tensor, shape, DType.F32, Layout.zero3(), Partition.of(memory)));
    }
    model = ParameterSet.of(parameters);
  }

  /** Saves until its standard input ends. */
  public static void main(String[] arguments) throws Exception {
    int world = Integer.parseInt(arguments[1]);
    List<ThreadRanks> ranks = new ArrayList<>();
    for (Communicator communicator : Communicator.inProcess(world)) {
      SaveMode mode = SaveMode.valueOf(arguments[0]);
      ranks.add(new ThreadRanks(communicator, mode, Integer.parseInt(arguments[2])));
    }
    ExecutorService threads = Executors.newFixedThreadPool(world);
    System.out.println("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      Path target = Path.of(line);
      long start = System.nanoTime();
      together(
          threads, ranks, rank -> rank.checkpointer.save(target, rank.model, ModelFiles.none()));
      System.out.println("seconds " + (System.nanoTime() - start) / 1e9);
    }
    together(
        threads,
        ranks,
        rank -> {
          rank.checkpointer.close();
          return rank;
        });
    threads.shutdown();
  }

  private interface Work {
    Object of(ThreadRanks rank) throws IOException;
  }

  private static void together(ExecutorService threads, List<ThreadRanks> ranks, Work work)
      throws InterruptedException, ExecutionException {
    List<Callable<Object>> parts = new ArrayList<>();
    ranks.forEach(rank -> parts.add(() -> work.of(rank)));
    for (Future<Object> part : threads.invokeAll(parts)) {
      part.get();
    }
  }
}
