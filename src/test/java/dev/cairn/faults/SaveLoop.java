package dev.cairn.faults;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SavePhase;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A rank that saves one checkpoint after the other until something fails, in a process of its own.
 *
 * <p>Arguments: run directory, mode, durability, whether saves are asynchronous, a disk call and
 * how many of them may pass before the process halts ({@code none 0} for never); with the call that
 * only a replacement makes, each step is saved a second time. Each line on its input is a group to
 * join: a rendezvous directory, and perhaps a phase of the second save in which the process halts.
 * {@code committed} is said of a step once its save has told this rank so.
 */
final class SaveLoop {
  static final int WORLD_SIZE = 3;

  private SaveLoop() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      try {
        saveUntilFailure(line, arguments);
      } catch (IOException e) {
        System.out.println("failed " + e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  static SaveOptions options(SaveMode mode) {
    return options(mode, Durability.FAST, false);
  }

  private static SaveOptions options(SaveMode mode, Durability durability, boolean replaces) {
    return SaveOptions.builder()
        .mode(mode)
        .durability(durability)
        .overwrite(replaces)
        .keepDtypes()
        .maxShardBytes(300_000)
        .stagingBuffers(2)
        .stagingBufferBytes(4096)
        .build();
  }

  /** Returns the model of a step: other steps have other bits. */
  static ReferenceModel model(long step) {
    return new ReferenceModel(step)
        .add("embed.weight", DType.F32, Layout.zero3(), 401, 101)
        .add("norm.weight", DType.F32, Layout.replicated(), 1001)
        .add("head.weight", DType.BF16, Layout.rows(), 205, 333);
  }

  private static void saveUntilFailure(String line, String[] arguments) throws IOException {
    String[] words = line.split(" ", 2);
    String rendezvous = words[0];
    int worldSize = Integer.parseInt(System.getenv("WORLD_SIZE"));
    Map<String, String> variables =
        Map.of(
            "RANK",
            System.getenv("RANK"),
            "WORLD_SIZE",
            System.getenv("WORLD_SIZE"),
            "CAIRN_RENDEZVOUS",
            rendezvous,
            "CAIRN_TIMEOUT_SECONDS",
            "30",
            "CAIRN_PEER_TIMEOUT_SECONDS",
            System.getenv().getOrDefault("CAIRN_PEER_TIMEOUT_SECONDS", "20"));
    RunOptions run = RunOptions.in(Path.of(arguments[0])).withKeepLast(3);
    SaveMode mode = SaveMode.valueOf(arguments[1]);
    boolean replaces = arguments[4].equals(FaultyDisk.Call.EXCHANGE.name());
    SaveOptions options = options(mode, Durability.valueOf(arguments[2]), replaces);
    boolean async = Boolean.parseBoolean(arguments[3]);
    Disk disk =
        arguments[4].equals("none")
            ? Disk.local()
            : FaultyDisk.halting(
                FaultyDisk.Call.valueOf(arguments[4]), Integer.parseInt(arguments[5]));
    try (Communicator communicator = Communicator.fromEnvironment(variables);
        Checkpointer checkpointer =
            Checkpointers.open(communicator, options, Optional.of(run), disk, Machine.local())) {
      long latest = checkpointer.latest().map(Checkpoint::step).orElse(0L);
      for (long step = latest + 1; ; step++) {
        if (step == latest + 2 && words.length > 1) {
          haltIn(SavePhase.valueOf(words[1]), checkpointer);
        }
        ParameterSet own = model(step).on(communicator.rank(), worldSize);
        TrainerState state = TrainerState.builder().value("step", step).build();
        System.out.println("saving " + step);
        if (async) {
          checkpointer.saveAsync(step, own, ModelFiles.none(), state);
        } else {
          checkpointer.save(step, own, ModelFiles.none(), state);
        }
        if (replaces) {
          checkpointer.save(step, own, ModelFiles.none(), state);
        }
        System.out.println("saved " + step);
        if (!async) {
          System.out.println("committed " + step);
        } else if (step > latest + 1) { // which was waited for before this one began
          System.out.println("committed " + (step - 1));
        }
      }
    }
  }

  private static void haltIn(SavePhase last, Checkpointer checkpointer) {
    checkpointer.onProgress(
        (phase, doneBytes, totalBytes) -> {
          if (phase == last) {
            Runtime.getRuntime().halt(9);
          }
        });
  }
}
