package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.ProgressListener;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.policy.CheckpointPolicy;
import dev.cairn.run.Background;
import dev.cairn.save.SaveContents;
import dev.cairn.save.SaveContext;
import dev.cairn.save.SaveRun;
import dev.cairn.save.SaveSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Saves models that are spread over the ranks of a communicator, and reads them back.
 *
 * <p>Saving, finding the latest checkpoint and restoring are collective: every rank calls them, in
 * the same order, with the same options; where calls differ, all ranks are told who is in which,
 * and nothing is committed. One thread at a time. The staging buffers are allocated when the
 * checkpointer is opened and are all the memory that a save takes, besides the snapshot of an
 * asynchronous one.
 */
public final class Checkpointer implements AutoCloseable {
  private final SaveContext tools;
  private final Calls calls;
  private final Optional<RunSaves> saves;

  private Checkpointer(SaveContext tools, Optional<RunOptions> runOptions) {
    this.tools = tools;
    Background background = new Background(tools.ranks(), tools.machine());
    this.calls = new Calls(background, tools.machine());
    this.saves = runOptions.map(run -> new RunSaves(tools, run, background));
  }

  /**
   * Opens a checkpointer for single folders with {@link SaveOptions#defaults}. Sends nothing.
   *
   * @param communicator borrowed: not closed here, and not used between calls
   * @return the checkpointer; the caller closes it, before the communicator
   */
  public static Checkpointer open(Communicator communicator) {
    return open(communicator, SaveOptions.defaults());
  }

  /**
   * Opens a checkpointer for single folders and allocates its staging buffers. Sends nothing.
   *
   * @param communicator borrowed: not closed here, and not used between calls
   * @param options the same on every rank
   * @return the checkpointer; the caller closes it, before the communicator
   */
  public static Checkpointer open(Communicator communicator, SaveOptions options) {
    return open(communicator, options, Optional.empty(), Disk.local(), Machine.local());
  }

  /**
   * Opens a checkpointer for a run's checkpoints and allocates its staging buffers. Sends nothing.
   *
   * @param communicator borrowed: not closed here; used between calls by saves in the background
   * @param options the same on every rank
   * @param runOptions where the checkpoints are and which stay; the same on every rank
   * @return the checkpointer; the caller closes it, before the communicator
   */
  public static Checkpointer open(
      Communicator communicator, SaveOptions options, RunOptions runOptions) {
    return open(communicator, options, Optional.of(runOptions), Disk.local(), Machine.local());
  }

  static Checkpointer open(
      Communicator communicator,
      SaveOptions options,
      Optional<RunOptions> runOptions,
      Disk disk,
      Machine machine) {
    return new Checkpointer(SaveContext.open(communicator, options, disk, machine), runOptions);
  }

  /**
   * Saves a model as one folder, which appears under its name when it is complete, or not at all.
   * Collective.
   *
   * @param target the folder to make; must not exist unless {@link SaveOptions#overwrite} is set.
   *     Only rank 0's counts
   * @param parameters the same names, shapes, dtypes and layouts in the same order on every rank,
   *     with this rank's partitions, which are borrowed until the return and only read
   * @param files what goes beside the weights; only rank 0's counts
   * @return what was done
   * @throws IllegalArgumentException if this rank's partitions do not fit; the other ranks get a
   *     {@link CheckpointException} that says so
   * @throws CheckpointException on every rank, if any rank failed; nothing is committed
   * @throws IllegalStateException if another call runs, or the checkpointer is closed
   */
  public SaveReport save(Path target, ParameterSet parameters, ModelFiles files)
      throws IOException {
    Objects.requireNonNull(target, "target");
    SaveContents contents =
        new SaveContents(target, OptionalLong.empty(), parameters, files, Optional.empty());
    return calls.collective(
        () -> new SaveRun(tools.measured(), SaveSource.borrowed(contents)).run());
  }

  /**
   * Saves a checkpoint of the run, then deletes what its retention does not keep. A folder of the
   * same number is replaced. Collective.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters as {@link #save(Path, ParameterSet, ModelFiles)} takes them
   * @param files what goes beside the weights; only rank 0's counts
   * @param state what the trainer needs to go on
   * @return what was done
   * @throws IOException as {@link #save(Path, ParameterSet, ModelFiles)} does
   * @throws IllegalStateException also if the checkpointer was opened without {@link RunOptions}
   */
  public SaveReport save(long step, ParameterSet parameters, ModelFiles files, TrainerState state)
      throws IOException {
    SaveContents contents = saves().contents(step, parameters, files, state);
    return calls.collective(() -> saves().save(contents));
  }

  /**
   * Makes sure that a checkpoint of this step is committed when it returns: the line after a
   * training loop. If the last call of the run was a save of this step in the background, that is
   * waited for; otherwise, as after a restore or another save, or if that failed, it is saved now.
   * How earlier saves failed is only logged. Collective.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters borrowed until the return
   * @param files what goes beside the weights; only rank 0's counts
   * @param state saved only if the step is saved now
   * @return what was done, now or in the background
   * @throws CheckpointException as {@link #save(Path, ParameterSet, ModelFiles)} does
   */
  public SaveReport saveLast(
      long step, ParameterSet parameters, ModelFiles files, TrainerState state) throws IOException {
    SaveContents contents = saves().contents(step, parameters, files, state);
    return calls.one(() -> saves().ensure(contents));
  }

  /**
   * Saves a checkpoint of the run in the background. The call returns when this rank's partitions
   * have been copied, cast, into host memory; the trainer may then change them. No rank waits for
   * another here, except in a checkpointer's first save: there ranks agree on the names and tensors
   * of the files. Until the save has ended, Cairn uses the communicator in the background. A
   * process that ends meanwhile waits {@code CAIRN_EXIT_TIMEOUT_SECONDS} (20) for the commit.
   *
   * <p>A save that still runs is waited for first, or this one is refused ({@link
   * RunOptions.WhenBusy}); if the one before failed, that is thrown here on every rank, unless all
   * have awaited it. What exceeds {@link SaveOptions#snapshotBudgetBytes}, or is not in memory, is
   * written before the call returns; ranks then wait for each other.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters borrowed until the return
   * @param files what goes beside the weights; only rank 0's counts
   * @param state what the trainer needs to go on; its tensors are copied too
   * @return the save; a failure is also thrown by the next collective call, unless all awaited it
   * @throws IllegalStateException if the checkpointer is closed or was opened without a run
   * @throws IOException if the save before failed
   */
  public PendingSave saveAsync(
      long step, ParameterSet parameters, ModelFiles files, TrainerState state) throws IOException {
    PendingSave pending = beginSave(step, parameters, files, state);
    pending.snapshotDone();
    return pending;
  }

  /**
   * As the other {@code saveAsync}, with no files beside the weights.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters borrowed until the return
   * @param state what the trainer needs to go on; its tensors are copied too
   * @return the save
   * @throws IOException if the save before failed
   */
  public PendingSave saveAsync(long step, ParameterSet parameters, TrainerState state)
      throws IOException {
    return saveAsync(step, parameters, ModelFiles.none(), state);
  }

  /**
   * As {@code saveAsync}, but returns before the partitions have been copied: until {@link
   * PendingSave#snapshotDone} has returned, training only reads them.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters borrowed until then
   * @param files what goes beside the weights; only rank 0's counts
   * @param state what the trainer needs to go on; its tensors are borrowed until then
   * @return the save
   * @throws IOException as {@code saveAsync} does
   */
  public PendingSave beginSave(
      long step, ParameterSet parameters, ModelFiles files, TrainerState state) throws IOException {
    SaveContents contents = saves().contents(step, parameters, files, state);
    return calls.one(() -> saves().begin(contents));
  }

  /**
   * Allocates what asynchronous saves copy into, ahead of the first one. Not collective.
   *
   * @param parameters that will be saved; only their sizes count
   * @param state likewise
   * @throws IOException never: only collective calls tell how a save in the background failed
   */
  public void reserveSnapshot(ParameterSet parameters, TrainerState state) throws IOException {
    SaveContents contents = saves().contents(0, parameters, ModelFiles.none(), state);
    calls.uninterrupted(() -> saves().reserve(contents));
  }

  /**
   * Allocates what a gather with NCCL takes of a GPU, ahead of the first one, and keeps it until
   * {@link #close}. Call it if the trainer takes all of a GPU's memory that it finds. Otherwise
   * each gather allocates it, and takes smaller buckets if there is not that much. Not collective.
   *
   * @param gpu where this rank's partitions will be
   * @throws IOException never
   * @throws dev.cairn.device.DeviceException if the GPU has not that much: with buckets of B bytes,
   *     4 B on rank 0 and 2 B on the others, or {@code 2 B / n} of n ranks where they only send
   */
  public void reserveBuckets(Device gpu) throws IOException {
    calls.one(() -> tools.reserveBuckets(gpu));
  }

  /** {@return a schedule without a policy: it stops when asked to, and only then says save} */
  public Schedule schedule() {
    return new Schedule(tools.ranks(), saves().times(), Optional.empty());
  }

  /**
   * {@return a schedule that saves when rank 0's policy advises it, and stops when asked to} The
   * policy is told how long steps and saves took.
   *
   * @param policy borrowed until the schedule is closed; only rank 0's is asked
   */
  public Schedule schedule(CheckpointPolicy policy) {
    return new Schedule(tools.ranks(), saves().times(), Optional.of(policy));
  }

  /**
   * Sets the listener that is told of the progress of saves, from the next save on.
   *
   * @param progressListener called on the threads that save; replaces the one before
   */
  public void onProgress(ProgressListener progressListener) {
    tools.listener().set(progressListener);
  }

  /** {@return why no collective call can succeed any more; see {@link Communicator#unusable}} */
  public Optional<CommunicationException> unusable() {
    return tools.ranks().communicator().unusable();
  }

  Calls calls() {
    return calls;
  }

  SaveContext tools() {
    return tools;
  }

  RunSaves saves() {
    return saves.orElseThrow(
        () -> new IllegalStateException("checkpointer was opened without a run's directory"));
  }

  /**
   * {@return the newest checkpoint of the run that is committed and verifies; one that does not is
   * passed over and logged with the reason} Collective: rank 0 looks once, the others are told.
   *
   * @throws CheckpointException on every rank, if the directory cannot be read
   * @throws IllegalStateException if the checkpointer is closed or was opened without a run
   */
  public Optional<Checkpoint> latest() throws IOException {
    return calls.collective(saves()::latest).map(found -> new Checkpoint(this, found));
  }

  /**
   * Waits for a save in the background, then frees all memory. The communicator stays open.
   *
   * @throws IOException if the save in the background failed and nobody has been told; everything
   *     is freed all the same
   * @throws IllegalStateException if another call is running
   */
  @Override
  public void close() throws IOException {
    calls.close(() -> tools.close(() -> saves.ifPresent(RunSaves::close)));
  }
}
