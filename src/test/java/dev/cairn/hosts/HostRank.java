package dev.cairn.hosts;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A rank on one of {@link Hosts}: does what its arguments say after the run's directory, prints a
 * line for each, and goes on after a failure.
 *
 * <p>{@code auto:1}, {@code gather:1} and {@code parallel:1} save a step, {@code async:1} in the
 * background, {@code restore} the latest one; {@code rejoin} makes a new group in this process;
 * {@code idle:3} sleeps for seconds.
 */
final class HostRank {
  private final RunOptions run;
  private Communicator communicator;

  private HostRank(RunOptions run) throws IOException {
    this.run = run;
    this.communicator = Communicator.fromEnvironment();
  }

  public static void main(String[] arguments) throws Exception {
    HostRank rank;
    try {
      rank = new HostRank(RunOptions.in(Path.of(arguments[0])));
    } catch (IOException e) {
      print("FAILED join: " + e.getMessage());
      return;
    }
    print("DONE join");
    for (String work : List.of(arguments).subList(1, arguments.length)) {
      rank.attempt(work);
    }
    rank.communicator.close();
  }

  private static synchronized void print(String line) {
    System.out.print("\n" + line + "\n"); // In one piece: Gloo prints, too.
    System.out.flush();
  }

  private void attempt(String work) throws InterruptedException {
    try {
      print("DONE " + work + " " + run(work.split(":", 2)));
    } catch (IOException | RuntimeException e) {
      print("FAILED " + work + ": " + e.getMessage());
    }
  }

  private String run(String[] work) throws IOException, InterruptedException {
    switch (work[0]) {
      case "idle" -> {
        Thread.sleep(Long.parseLong(work[1]) * 1000);
        return "";
      }
      case "rejoin" -> {
        boolean isBroken = communicator.control().unusable().isPresent();
        communicator.close();
        communicator = Communicator.fromEnvironment();
        return "broken=" + isBroken;
      }
      case "restore" -> {
        return restore();
      }
      case "async" -> {
        return save(SaveMode.AUTO, Long.parseLong(work[1]), true);
      }
      default -> {
        SaveMode mode = SaveMode.valueOf(work[0].toUpperCase(Locale.ROOT));
        return save(mode, Long.parseLong(work[1]), false);
      }
    }
  }

  private ReferenceModel model() {
    return ReferenceModel.various(communicator.size());
  }

  private String save(SaveMode mode, long step, boolean inBackground) throws IOException {
    SaveOptions options =
        SaveOptions.builder().mode(mode).keepDtypes().stagingBufferBytes(4096).build();
    TrainerState state = TrainerState.builder().value("step", step).build();
    try (Checkpointer checkpointer = Checkpointer.open(communicator, options, run)) {
      var set = model().on(communicator.rank(), communicator.size());
      SaveReport report =
          inBackground
              ? checkpointer.saveAsync(step, set, state).await()
              : checkpointer.save(step, set, ModelFiles.none(), state);
      return report.mode().toString();
    }
  }

  private String restore() throws IOException {
    try (Checkpointer checkpointer =
        Checkpointer.open(communicator, SaveOptions.builder().build(), run)) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      var set = model().poisonedOn(communicator.rank(), communicator.size());
      latest.restore(set);
      model().assertHolds(set, communicator.rank(), communicator.size());
      return "step=" + latest.step();
    }
  }
}
