package dev.cairn.faults;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.PendingSave;
import dev.cairn.RunOptions;
import dev.cairn.Schedule;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A rank that trains in step with the others until it is told to stop, in a process of its own.
 *
 * <p>Arguments: run directory, and {@code stop} to train until a signal, {@code alone} to do so
 * without messages of its own, {@code deaf} to go on whatever the schedule throws, {@code stuck}
 * for rank 0 to hang in a step, {@code exit} to leave without a word while its save runs in the
 * background, and {@code abandon} for rank 1 to leave so while it writes to a slow disk. A line on
 * its input is the rendezvous.
 */
final class TrainingRank {
  private TrainingRank() {}

  public static void main(String[] arguments) throws Exception {
    Path rendezvous =
        Path.of(
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                .readLine());
    RunOptions run = RunOptions.in(Path.of(arguments[0]));
    switch (arguments[1]) {
      case "exit" -> exitWhileSaving(join(rendezvous, "save"), run, Disk.local());
      case "abandon" ->
          exitWhileSaving(join(rendezvous, "save"), run, FaultyDisk.slow(Call.WRITE, 200));
      case "stop" -> trainUntilASignal(rendezvous, run);
      default -> trainApart(join(rendezvous, "save"), run, arguments[1]);
    }
  }

  private static void trainUntilASignal(Path rendezvous, RunOptions run) throws IOException {
    try (Communicator training = join(rendezvous, "train");
        Communicator communicator = join(rendezvous, "save");
        Checkpointer checkpointer =
            Checkpointer.open(communicator, SaveLoop.options(SaveMode.PARALLEL), run)) {
      train(training, checkpointer);
    }
  }

  private static Communicator join(Path rendezvous, String name) throws IOException {
    return Communicator.fromEnvironment(
        Map.of(
            "RANK",
            System.getenv("RANK"),
            "WORLD_SIZE",
            System.getenv("WORLD_SIZE"),
            "CAIRN_RENDEZVOUS",
            rendezvous.resolve(name).toString()));
  }

  private static void train(Communicator training, Checkpointer checkpointer) throws IOException {
    long step = 1;
    try (Schedule schedule = checkpointer.schedule().stopOnSignals("TERM", "USR1")) {
      for (; ; step++) {
        training.control().allGather(new byte[0]); // a step: every rank waits for every other one
        if (schedule.stepDone(step).stop()) {
          break;
        }
        if (step == 200) {
          System.out.println("training");
        }
      }
    }
    ParameterSet own = SaveLoop.model(step).on(training.rank(), training.size());
    checkpointer.saveLast(
        step, own, ModelFiles.none(), TrainerState.builder().value("step", step).build());
    System.out.println("stopped " + step);
  }

  /** Steps that need no other rank: whether one is missing, only the schedule can tell. */
  private static void trainApart(Communicator communicator, RunOptions run, String how)
      throws Exception {
    boolean wasBroken = false;
    try (Checkpointer checkpointer =
            Checkpointer.open(communicator, SaveLoop.options(SaveMode.PARALLEL), run);
        Schedule schedule = checkpointer.schedule().stopOnSignals("TERM")) {
      for (long step = 1; ; step++) {
        Thread.sleep(10);
        if (step == 20) {
          System.out.println("training");
        }
        if (how.equals("stuck") && step > 20 && communicator.rank() == 0) {
          System.out.println("stuck");
          Thread.sleep(600_000);
        }
        if (!wasBroken && communicator.control().failure().isPresent()) {
          wasBroken = true;
          System.out.println("broken");
        }
        try {
          schedule.stepDone(step);
        } catch (CommunicationException e) {
          if (!how.equals("deaf")) {
            System.out.println("failed " + e.getMessage());
            System.exit(5);
          }
        }
      }
    }
  }

  private static void exitWhileSaving(Communicator communicator, RunOptions run, Disk disk)
      throws IOException {
    SaveOptions options = SaveLoop.options(SaveMode.PARALLEL);
    Checkpointer checkpointer =
        Checkpointers.open(communicator, options, Optional.of(run), disk, Machine.local());
    ParameterSet own = SaveLoop.model(1).on(communicator.rank(), communicator.size());
    TrainerState state = TrainerState.builder().value("step", 1L).build();
    PendingSave save = checkpointer.saveAsync(1, own, ModelFiles.none(), state);
    System.out.println("leaving " + save.isDone());
    if (disk != Disk.local() && communicator.rank() != 1) {
      try {
        save.await();
      } catch (CheckpointException e) {
        System.out.println("failed " + e.getMessage());
      }
    }
  }
}
