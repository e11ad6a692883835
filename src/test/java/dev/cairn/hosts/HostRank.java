package dev.cairn.hosts;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.Schedule;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A rank on one of {@link Hosts}: does what its arguments say after the run's directory, prints a
 * line for each, and goes on after a failure.
 *
 * <p>{@code auto:1}, {@code gather:1} and {@code parallel:1} save a step, {@code async:1} in the
 * background, {@code direct:1} past the page cache; {@code next} the step after the one that was
 * found; {@code big:8} gives the model so many MiB more; {@code restore} the latest one, {@code
 * resume} too if there is one; {@code unshared} says that rank 0 alone has the directory; {@code
 * rejoin} makes a new group in this process; {@code idle:3} sleeps for seconds; {@code train:100}
 * does so many short steps, unless a signal asks to stop; {@code fall:1} ends rank 1, if nothing
 * was found to resume from, while the others sleep.
 */
final class HostRank {
  private RunOptions run;
  private int stagingBufferBytes = 4096; // several messages, however small the model is
  private SaveOptions options = options(SaveMode.AUTO, Durability.FAST);
  private ReferenceModel model;
  private Communicator communicator;
  private Checkpointer checkpointer;
  private long resumedFrom;

  private HostRank(RunOptions run) throws IOException {
    this.run = run;
    this.communicator = Communicator.fromEnvironment();
    this.model = ReferenceModel.various(communicator.size());
    this.checkpointer = Checkpointer.open(communicator, options, run);
  }

  private SaveOptions options(SaveMode mode, Durability durability) {
    return SaveOptions.builder()
        .mode(mode)
        .durability(durability)
        .keepDtypes()
        .stagingBufferBytes(stagingBufferBytes)
        .build();
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
    rank.checkpointer.close();
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
        return rejoin();
      }
      case "train" -> {
        return train(Long.parseLong(work[1]));
      }
      case "unshared" -> {
        run = run.withShared(false);
        reopen(options);
        return "";
      }
      case "big" -> {
        model.add("big.weight", DType.F32, Layout.zero3(), Long.parseLong(work[1]), 1 << 18);
        stagingBufferBytes = 1 << 18;
        reopen(options(options.mode(), options.durability()));
        return "";
      }
      case "fall" -> {
        fall(Integer.parseInt(work[1]));
        return "";
      }
      case "restore" -> {
        return restore(checkpointer.latest().orElseThrow());
      }
      case "resume" -> {
        Optional<Checkpoint> latest = checkpointer.latest();
        return latest.isPresent() ? restore(latest.get()) : "none";
      }
      case "next" -> {
        long step = resumedFrom + 1;
        save(options(SaveMode.AUTO, Durability.FAST), step, false);
        return "step=" + step;
      }
      case "async" -> {
        return save(options(SaveMode.AUTO, Durability.FAST), Long.parseLong(work[1]), true);
      }
      case "direct" -> {
        SaveOptions direct = options(SaveMode.AUTO, Durability.DURABLE_DIRECT);
        return save(direct, Long.parseLong(work[1]), false);
      }
      default -> {
        SaveMode mode = SaveMode.valueOf(work[0].toUpperCase(Locale.ROOT));
        return save(options(mode, Durability.FAST), Long.parseLong(work[1]), false);
      }
    }
  }

  private String rejoin() throws IOException {
    boolean isBroken = checkpointer.unusable().isPresent();
    if (checkpointer.unusable().isPresent()) {
      try {
        checkpointer.close();
      } catch (IOException lost) {
        // a save in the background that nobody has awaited: it was lost with the network
      }
      communicator.close();
      communicator = Communicator.fromEnvironment();
      checkpointer = Checkpointer.open(communicator, options, run);
    }
    return "broken=" + isBroken;
  }

  private void reopen(SaveOptions other) throws IOException {
    options = other;
    checkpointer.close();
    checkpointer = Checkpointer.open(communicator, options, run);
  }

  private String train(long steps) throws IOException, InterruptedException {
    long step = resumedFrom;
    boolean stops = false;
    try (Schedule schedule = checkpointer.schedule().stopOnSignals("TERM", "USR1")) {
      print("DONE begin");
      while (step < resumedFrom + steps && !stops) {
        Thread.sleep(50);
        stops = schedule.stepDone(++step).stop();
      }
      save(options(SaveMode.AUTO, Durability.FAST), step, false);
    }
    return "stopped=" + stops;
  }

  private void fall(int rank) throws InterruptedException {
    if (resumedFrom > 0) {
      return;
    }
    if (communicator.rank() == rank) {
      Runtime.getRuntime().halt(9);
    }
    Thread.sleep(60_000);
  }

  private String save(SaveOptions wanted, long step, boolean inBackground) throws IOException {
    if (wanted.mode() != options.mode() || wanted.durability() != options.durability()) {
      reopen(wanted);
    }
    TrainerState state = TrainerState.builder().value("step", step).build();
    var set = model.on(communicator.rank(), communicator.size());
    SaveReport report =
        inBackground
            ? checkpointer.saveAsync(step, set, state).await()
            : checkpointer.save(step, set, ModelFiles.none(), state);
    return report.mode().toString();
  }

  private String restore(Checkpoint latest) throws IOException {
    var set = model.poisonedOn(communicator.rank(), communicator.size());
    latest.restore(set);
    model.assertHolds(set, communicator.rank(), communicator.size());
    resumedFrom = latest.longValue("step").orElseThrow();
    return "step=" + resumedFrom;
  }
}
