package dev.cairn.benchmarks.candidates;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.benchmarks.machine.ResidentMemory;
import dev.cairn.benchmarks.models.HeldModels;
import dev.cairn.benchmarks.models.HeldModels.Sharing;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One rank of a made-up trainer: holds partitions and saves, restores or only sends them, each time
 * that rank 0 is told to by a line on its standard input.
 *
 * <p>Orders are {@code name=value} pairs: {@code work} is save, durable, direct, restore or wire;
 * {@code parameters}, {@code held}, {@code sharing}, {@code mode} and {@code shardBytes} say what
 * is saved and how, {@code run} where a restore finds its checkpoint, {@code lengthBytes} what each
 * rank sends over the wire, {@code path} where to.
 */
public final class RankWorker implements AutoCloseable {
  private final Communicator communicator;
  private final BufferedReader orders =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final HeldModels models;
  private final Wire wire;
  private final Map<SaveOptions, Checkpointer> checkpointers = new HashMap<>();
  private final List<Checkpointer> opened = new ArrayList<>();
  private final Map<String, Checkpoint> checkpoints = new HashMap<>();

  private RankWorker(Communicator communicator) {
    this.communicator = communicator;
    this.models = new HeldModels(communicator.rank(), communicator.size());
    this.wire = new Wire(communicator);
  }

  /** Runs until the standard input of rank 0 ends. */
  public static void main(String[] arguments) throws Exception {
    try (Communicator communicator = Communicator.fromEnvironment();
        RankWorker worker = new RankWorker(communicator)) {
      worker.say("ready");
      for (Map<String, String> order = worker.next(); !order.isEmpty(); order = worker.next()) {
        worker.obey(order);
      }
    }
  }

  /** Returns the next order, the same on every rank; empty at the end. */
  private Map<String, String> next() throws IOException {
    byte[] message = new byte[0];
    if (communicator.rank() == 0) {
      String line = orders.readLine();
      message = (line == null ? "" : line).getBytes(StandardCharsets.UTF_8);
    }
    String line = new String(communicator.control().broadcast(message), StandardCharsets.UTF_8);
    Map<String, String> order = new HashMap<>();
    for (String word : line.split(" ")) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        order.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return order;
  }

  private void obey(Map<String, String> order) throws IOException {
    switch (order.get("work")) {
      case "wire" -> send(order);
      case "restore" -> restore(order);
      default -> save(order);
    }
  }

  private void save(Map<String, String> order) throws IOException {
    ParameterSet model = model(order);
    SaveOptions options = options(order);
    Checkpointer checkpointer = checkpointers.computeIfAbsent(options, this::open);
    long before = together();
    long start = System.nanoTime();
    SaveReport report = checkpointer.save(Path.of(order.get("path")), model, ModelFiles.none());
    report(start, before, report.shards().size());
    if (Boolean.getBoolean("cairn.benchmark.phases")) {
      System.err.println(communicator.rank() + " " + report.nanos());
    }
  }

  private Checkpointer open(SaveOptions options) {
    Checkpointer checkpointer = Checkpointer.open(communicator, options);
    opened.add(checkpointer);
    return checkpointer;
  }

  private ParameterSet model(Map<String, String> order) {
    return models.model(
        Double.parseDouble(order.get("parameters")),
        DType.valueOf(order.get("held")),
        Sharing.valueOf(order.getOrDefault("sharing", "ZERO3")));
  }

  private static Durability durability(String work) {
    return switch (work) {
      case "durable" -> Durability.DURABLE;
      case "direct" -> Durability.DURABLE_DIRECT;
      default -> Durability.FAST;
    };
  }

  private static SaveOptions options(Map<String, String> order) {
    SaveOptions.Builder options =
        SaveOptions.builder()
            .dtype(DType.BF16)
            .mode(SaveMode.valueOf(order.get("mode")))
            .durability(durability(order.get("work")));
    if (order.containsKey("shardBytes")) {
      options.maxShardBytes(Long.parseLong(order.get("shardBytes")));
    }
    return options.build();
  }

  /** Restores what the first such order has saved into the run's folder, apart from the timing. */
  private void restore(Map<String, String> order) throws IOException {
    ParameterSet model = model(order);
    if (!checkpoints.containsKey(order.get("run"))) {
      RunOptions run =
          RunOptions.in(Path.of(order.get("run"))).withVerification(RunOptions.Verification.SIZES);
      Checkpointer checkpointer = Checkpointer.open(communicator, options(order), run);
      opened.add(checkpointer);
      checkpointer.save(1, model, ModelFiles.none(), TrainerState.builder().build());
      checkpoints.put(order.get("run"), checkpointer.latest().orElseThrow());
    }
    long before = together();
    long start = System.nanoTime();
    checkpoints.get(order.get("run")).restore(model);
    report(start, before, -1);
  }

  private void send(Map<String, String> order) throws IOException {
    wire.connect();
    long before = together();
    long start = System.nanoTime();
    wire.send(Long.parseLong(order.get("lengthBytes")));
    report(start, before, -1);
  }

  /** Waits for all ranks; returns the bytes resident now. */
  private long together() throws IOException {
    long before = ResidentMemory.resetPeak();
    communicator.control().allGather(new byte[0]);
    return before;
  }

  private void report(long startNanos, long residentBefore, int files) throws IOException {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    long growth = Math.max(0, ResidentMemory.peak() - residentBefore);
    byte[] mine = ByteBuffer.allocate(2 * Long.BYTES).putDouble(seconds).putLong(growth).array();
    double slowest = 0;
    long largest = 0;
    for (byte[] bytes : communicator.control().allGather(mine)) {
      ByteBuffer one = ByteBuffer.wrap(bytes);
      slowest = Math.max(slowest, one.getDouble());
      largest = Math.max(largest, one.getLong());
    }
    say("seconds " + slowest + " memory " + largest + " files " + files);
  }

  private void say(String line) {
    if (communicator.rank() == 0) {
      System.out.println(line);
      System.out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    for (Checkpointer checkpointer : opened) {
      checkpointer.close();
    }
    wire.close();
    models.close();
  }
}
