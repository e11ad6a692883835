package dev.cairn.benchmarks;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Durability;
import dev.cairn.Parameter;
import dev.cairn.ParameterSet;
import dev.cairn.Partition;
import dev.cairn.RunOptions;
import dev.cairn.SaveMode;
import dev.cairn.SaveOptions;
import dev.cairn.SaveReport;
import dev.cairn.TrainerState;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.Transfer;
import dev.cairn.comm.Transport;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
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
import java.util.Map;
import java.util.Optional;

/**
 * One rank of a made-up trainer: holds ZeRO-3 partitions and saves, restores or only sends them,
 * each time that rank 0 is told to by a line on its standard input.
 *
 * <p>Arguments: {@code save|durable|restore|wire PARAMETERS HELD SAVED MODE [SHARD_BYTES]}.
 */
public final class RankWorker {
  private static final int WIRE_PIECE_BYTES = 8 << 20;

  private final Communicator communicator;
  private final String work;
  private final DType held;
  private final SaveOptions options;
  private final ParameterSet model;
  private final long heldBytes;

  private RankWorker(Communicator communicator, String[] arguments) {
    this.communicator = communicator;
    this.work = arguments[0];
    this.held = DType.valueOf(arguments[2]);
    SaveOptions.Builder builder =
        SaveOptions.builder()
            .dtype(DType.valueOf(arguments[3]))
            .mode(SaveMode.valueOf(arguments[4]))
            .durability(work.equals("durable") ? Durability.DURABLE : Durability.FAST);
    if (arguments.length > 5) {
      builder.maxShardBytes(Long.parseLong(arguments[5]));
    }
    this.options = builder.build();
    Map<String, Shape> shapes = LlamaShapes.of(Double.parseDouble(arguments[1]));
    List<Parameter> parameters = new ArrayList<>();
    long total = 0;
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      Parameter parameter = parameter(entry.getKey(), entry.getValue());
      parameters.add(parameter);
      total += parameter.partition().lengthBytes();
    }
    this.model = ParameterSet.of(parameters);
    this.heldBytes = total;
  }

  /** Runs until the standard input of rank 0 ends. */
  public static void main(String[] arguments) throws Exception {
    try (Communicator communicator = Communicator.fromEnvironment()) {
      RankWorker worker = new RankWorker(communicator, arguments);
      BufferedReader orders =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      if (arguments[0].equals("wire")) {
        worker.serveWire(orders);
      } else {
        worker.serve(orders);
      }
    }
  }

  private Parameter parameter(String name, Shape shape) {
    int rank = communicator.rank();
    int size = communicator.size();
    long lengthBytes = held.bytes(Layout.zero3().paddedElements(shape, rank, size));
    HostMemory memory = HostMemory.allocate(lengthBytes);
    ByteBuffer view = memory.view(0, Math.toIntExact(lengthBytes));
    long bits = 0x3c1f_3c2f_3c3f_3c4fL + rank;
    while (view.remaining() >= Long.BYTES) {
      view.putLong(bits += 0x0001_0003_0005_0007L);
    }
    return Parameter.of(
        name,
        shape,
        held,
        Layout.zero3(),
        Partition.of(memory.address(), lengthBytes, Device.cpu()));
  }

  /** Returns the next path, the same on every rank; empty at the end. */
  private Optional<Path> next(BufferedReader orders) throws IOException {
    byte[] message = new byte[0];
    if (communicator.rank() == 0) {
      String line = orders.readLine();
      message = (line == null ? "" : line).getBytes(StandardCharsets.UTF_8);
    }
    String path = new String(communicator.control().broadcast(message), StandardCharsets.UTF_8);
    return path.isEmpty() ? Optional.empty() : Optional.of(Path.of(path));
  }

  private void serve(BufferedReader orders) throws IOException {
    if (work.equals("restore")) {
      serveRestore(orders);
      return;
    }
    try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      say("ready");
      for (Optional<Path> path = next(orders); path.isPresent(); path = next(orders)) {
        long before = ResidentMemory.resetPeak();
        long start = System.nanoTime();
        SaveReport report = checkpointer.save(path.get(), model, ModelFiles.none());
        report(start, before);
        if (Boolean.getBoolean("cairn.benchmark.phases")) {
          System.err.println(communicator.rank() + " " + report.nanos());
        }
      }
    }
  }

  /** Restores from the run in the folder that is the first path; the others are ignored. */
  private void serveRestore(BufferedReader orders) throws IOException {
    say("ready");
    Path run = next(orders).orElseThrow();
    RunOptions runOptions = RunOptions.in(run).withVerification(RunOptions.Verification.SIZES);
    try (Checkpointer checkpointer = Checkpointer.open(communicator, options, runOptions)) {
      checkpointer.save(1, model, ModelFiles.none(), TrainerState.builder().build());
      say("seconds 0");
      Checkpoint checkpoint = checkpointer.latest().orElseThrow();
      for (Optional<Path> path = next(orders); path.isPresent(); path = next(orders)) {
        long before = ResidentMemory.resetPeak();
        long start = System.nanoTime();
        checkpoint.restore(model);
        report(start, before);
      }
    }
  }

  /** Sends as many bytes to rank 0 as a gather would: what the wire alone takes. */
  private void serveWire(BufferedReader orders) throws IOException {
    try (HostMemory memory = HostMemory.allocate(4L * WIRE_PIECE_BYTES)) {
      memory.view(0, 4 * WIRE_PIECE_BYTES).put(new byte[4 * WIRE_PIECE_BYTES]);
      Transport transport = communicator.transport();
      say("ready");
      for (Optional<Path> path = next(orders); path.isPresent(); path = next(orders)) {
        long start = System.nanoTime();
        for (int peer = 1; peer < communicator.size(); peer++) {
          if (communicator.rank() == 0 || communicator.rank() == peer) {
            stream(transport, peer, memory);
          }
        }
        report(start, ResidentMemory.resetPeak());
      }
    }
  }

  private void stream(Transport transport, int peer, HostMemory memory) throws IOException {
    Transfer[] inFlight = new Transfer[4];
    long pieces = (heldBytes + WIRE_PIECE_BYTES - 1) / WIRE_PIECE_BYTES;
    for (int piece = 0; piece < pieces; piece++) {
      int slot = piece % inFlight.length;
      if (inFlight[slot] != null) {
        inFlight[slot].await();
      }
      ByteBuffer buffer = memory.view((long) slot * WIRE_PIECE_BYTES, WIRE_PIECE_BYTES);
      inFlight[slot] =
          communicator.rank() == 0
              ? transport.receive(buffer, peer, piece)
              : transport.send(buffer, 0, piece);
    }
    for (Transfer transfer : inFlight) {
      if (transfer != null) {
        transfer.await();
      }
    }
  }

  private void report(long startNanos, long residentBefore) throws IOException {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    long growth = ResidentMemory.peak() - residentBefore;
    byte[] mine = ByteBuffer.allocate(Long.BYTES).putLong(growth).array();
    long largest =
        communicator.control().allGather(mine).stream()
            .mapToLong(bytes -> ByteBuffer.wrap(bytes).getLong())
            .max()
            .orElseThrow();
    say("seconds " + seconds + " growth " + largest);
  }

  private void say(String line) {
    if (communicator.rank() == 0) {
      System.out.println(line);
      System.out.flush();
    }
  }
}
