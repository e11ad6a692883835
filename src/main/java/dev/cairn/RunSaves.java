package dev.cairn;

import dev.cairn.copy.OwnThread;
import dev.cairn.hf.ModelFiles;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import dev.cairn.ranks.Operation;
import dev.cairn.run.Background;
import dev.cairn.run.BusySave;
import dev.cairn.run.Ending;
import dev.cairn.run.ExitHook;
import dev.cairn.run.SaveTimes;
import dev.cairn.save.FormAgreement;
import dev.cairn.save.SaveContents;
import dev.cairn.save.SaveContext;
import dev.cairn.save.SaveRun;
import dev.cairn.save.SaveSource;
import dev.cairn.save.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Saves checkpoints of a run, in the call or in the background. */
final class RunSaves implements AutoCloseable {
  private final SaveContext tools;
  private final RunOptions run;
  private final Background background;
  private final ExitHook exitHook;
  private final Snapshot snapshot = new Snapshot();
  private final SaveTimes times = new SaveTimes();
  private final Set<Path> damaged = ConcurrentHashMap.newKeySet();

  RunSaves(SaveContext tools, RunOptions run, Background background) {
    this.tools = tools.withOptions(tools.options().withOverwrite(true));
    this.run = run;
    this.background = background;
    this.exitHook =
        new ExitHook(background, tools.ranks().communicator().control(), System.getenv());
  }

  /** Returns where the newest checkpoint that can be trusted is. Collective. */
  Optional<LatestCheckpoint.Found> latest() throws IOException {
    return new LatestCheckpoint(tools, run, damaged).find();
  }

  SaveTimes times() {
    return times;
  }

  SaveContents contents(long step, ParameterSet parameters, ModelFiles files, TrainerState state) {
    return new SaveContents(
        target(step), OptionalLong.of(step), parameters, files, Optional.of(state));
  }

  /** Returns the folder of a step. */
  Path target(long step) {
    if (step < 0 || step > RunDirectory.MAX_NUMBER) {
      throw new IllegalArgumentException(
          "step out of range: step=" + step + ", expected 0 to " + RunDirectory.MAX_NUMBER);
    }
    return run.directory().resolve(run.unit().folderName(step));
  }

  /** Saves one tensor file and the trainer's state. Collective. */
  SaveReport save(long step, Supplier<SingleFile> contents, TrainerState state) throws IOException {
    return timed(
        measured ->
            SingleFile.save(
                measured, target(step), OptionalLong.of(step), Optional.of(state), contents));
  }

  /** Allocates what an asynchronous save of these tensors copies into. */
  Void reserve(SaveContents contents) {
    background.awaitEnd(); // which reads from the memory that may be replaced
    snapshot.reserve(tools, contents);
    return null;
  }

  /** Saves, then deletes what is not kept. Collective. */
  SaveReport save(SaveContents contents) throws IOException {
    return timed(measured -> new SaveRun(measured, SaveSource.borrowed(contents)).run());
  }

  private interface MeasuredSave {
    SaveReport with(SaveContext measured) throws IOException;
  }

  /** Runs a save during which the trainer waits, then deletes what is not kept. */
  private SaveReport timed(MeasuredSave save) throws IOException {
    background.forgetEnded(); // retention may delete what it has saved, or this one replace it
    long start = tools.machine().nanoTime();
    SaveContext measured = tools.measured();
    Runnable stalled = () -> times.stalled(tools.machine().nanoTime() - start);
    return timed(start, stalled, () -> retained(measured, save.with(measured)));
  }

  /** The trainer's weights are about to be others: what was saved of them counts no longer. */
  void forgetEnded() {
    background.forgetEnded();
  }

  /** Waits for the save of this very step, or saves it. Collective. */
  SaveReport ensure(SaveContents contents) throws IOException {
    background.settleQuietly();
    Background.Begun last = background.last();
    boolean isSaved =
        last != null && last.call().equals(contents.call()) && last.ending().failure() == null;
    return isSaved
        ? last.ending().value()
        : OwnThread.callIo(tools.machine(), "cairn-call", () -> save(contents));
  }

  private interface Save {
    SaveReport run() throws IOException;
  }

  /**
   * Runs a save and keeps how long it took. Calls {@code stalled} before whoever waits hears that
   * it has ended.
   */
  private SaveReport timed(long start, Runnable stalled, Save save) throws IOException {
    boolean committed = false;
    try {
      SaveReport report = save.run();
      committed = true;
      return report;
    } finally {
      stalled.run();
      if (committed) {
        times.committed(tools.machine().nanoTime() - start);
      } else {
        times.failed();
      }
    }
  }

  private SaveReport save(SaveContext measured, SaveSource taken) throws IOException {
    return retained(measured, new SaveRun(measured, taken).run());
  }

  private SaveReport retained(SaveContext measured, SaveReport report) {
    if (tools.ranks().isWriter()) {
      new RunDirectory(run.directory(), measured.disk(), tools.machine())
          .retain(report.folder(), run, damaged);
    }
    return report;
  }

  /** Starts a save in the background, or tells the others that this rank's last one still runs. */
  PendingSave begin(SaveContents contents) throws IOException {
    tools.ranks().communicator().withdrawLent();
    long start = tools.machine().nanoTime();
    exitHook.install();
    if (run.whenBusy() == RunOptions.WhenBusy.REFUSE && background.isRunning()) {
      return refuse(contents);
    }
    background.settle();
    SaveContext measured = tools.forBackground().measured();
    Ending<Long> released = new Ending<>(tools.machine());
    Runnable release = () -> release(released, tools.machine().nanoTime() - start);
    Background.Begun begun =
        begin(
            contents,
            self -> timed(start, release, () -> save(measured, take(measured, contents, release))));
    return new PendingSave(begun, released);
  }

  private PendingSave refuse(SaveContents contents) throws IOException {
    Background.Begun before = background.last();
    Background.Begun refused =
        begin(
            contents,
            refusal -> {
              background.settleBefore(refusal, before);
              return BusySave.tell(tools.ranks(), contents.call());
            });
    return new PendingSave(refused, Ending.well(tools.machine(), 0L));
  }

  /** Starts work in the background; if there is no thread for it, the other ranks hear of that. */
  private Background.Begun begin(SaveContents contents, Background.Work work) throws IOException {
    try {
      return background.start(contents.call(), work);
    } catch (OutOfMemoryError e) {
      throw fail(contents, e);
    }
  }

  /** Fails the save that the other ranks have begun, on all of them. */
  private IllegalStateException fail(SaveContents contents, Throwable failure) throws IOException {
    tools
        .ranks()
        .run(
            Operation.SAVE,
            contents.call(),
            () -> {
              throw Background.rethrow(failure);
            });
    return new IllegalStateException("a save that failed has ended well", failure);
  }

  private void release(Ending<Long> released, long stallNanos) {
    if (!released.isDone()) {
      times.stalled(stallNanos);
      released.complete(stallNanos);
    }
  }

  /**
   * Returns contents in which the tensors that stay F32 are marked. At the first save ranks agree
   * on them.
   */
  private SaveContents marked(SaveContents contents) throws IOException {
    Optional<FormAgreement.Agreed> known = tools.forms().last();
    FormAgreement.Agreed agreed =
        known.isPresent()
            ? known.get()
            : tools
                .ranks()
                .run(
                    Operation.SAVE,
                    "form of " + contents.call(),
                    () ->
                        tools
                            .forms()
                            .agree(tools.ranks(), tools.options(), contents, contents.model()));
    return contents.withModel(agreed.marked(contents.model()));
  }

  /**
   * Copies what fits into the snapshot, and releases the trainer if that is everything. A failure
   * is told to the other ranks.
   */
  private SaveSource take(SaveContext measured, SaveContents given, Runnable release)
      throws IOException {
    SaveContents contents = marked(given);
    try {
      for (Parameter parameter : contents.tensors()) {
        parameter.checkPartition(tools.ranks().rank(), tools.ranks().size());
      }
      measured.meter().orElseThrow().enter(SavePhase.SNAPSHOT);
      SaveSource taken = snapshot.take(measured, contents, release);
      if (taken.excess().tensors().isEmpty()) {
        release.run();
      }
      return taken;
    } catch (IllegalArgumentException e) {
      return SaveSource.borrowed(contents); // the save finds the same mistake, and tells the others
    } catch (IOException | RuntimeException | Error e) {
      throw fail(contents, e);
    }
  }

  @Override
  public void close() {
    CloseAll.of(snapshot, exitHook).close();
  }
}
