package dev.cairn;

import dev.cairn.comm.CommunicationException;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.pipeline.OwnThread;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/**
 * Saves models that are spread over the ranks of a communicator, and reads them back.
 *
 * <p>Saving, finding the latest checkpoint and restoring are collective: every rank calls them, in
 * the same order, with the same options. One thread at a time. The staging buffers are allocated
 * when the checkpointer is opened and are all the memory that a save takes, whatever the model's
 * size; an asynchronous save takes its snapshot's memory too.
 */
public final class Checkpointer implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Checkpointer.class.getName());

  private final SaveTools tools;
  private final Optional<RunOptions> runOptions;
  private final Snapshot snapshot = new Snapshot();
  private final Background background = new Background();
  private boolean busy;
  private boolean closed;

  private Checkpointer(SaveTools tools, Optional<RunOptions> runOptions) {
    this.tools = tools;
    this.runOptions = runOptions;
  }

  /**
   * Opens a checkpointer for single folders and allocates its staging buffers. Sends nothing.
   *
   * @param communicator borrowed: not closed here, and not used between calls
   * @param options the same on every rank
   */
  public static Checkpointer open(Communicator communicator, SaveOptions options) {
    return open(communicator, options, Optional.empty(), Disk.local());
  }

  /**
   * Opens a checkpointer for the checkpoints of a run and allocates its staging buffers. Sends
   * nothing.
   *
   * @param communicator borrowed: not closed here, not used between calls unless a save runs in the
   *     background
   * @param options the same on every rank
   * @param runOptions where the checkpoints are and which stay; the same on every rank
   */
  public static Checkpointer open(
      Communicator communicator, SaveOptions options, RunOptions runOptions) {
    return open(communicator, options, Optional.of(runOptions), Disk.local());
  }

  static Checkpointer open(
      Communicator communicator, SaveOptions options, Optional<RunOptions> runOptions, Disk disk) {
    SaveTools tools = SaveTools.open(communicator, options, disk);
    if (options.mode() == SaveMode.GATHER) {
      preload(communicator);
    }
    return new Checkpointer(tools, runOptions);
  }

  private static void preload(Communicator communicator) {
    try {
      communicator.preload();
    } catch (CommunicationException e) {
      LOG.log(Level.DEBUG, "transport not loaded yet: {0}", e.getMessage()); // the save will say so
    }
  }

  /**
   * Saves a model as one folder, which appears under its name when it is complete, or not at all.
   * Collective.
   *
   * <p>The partitions are borrowed until the return, and only read.
   *
   * @param target the folder to make; must not exist unless {@link SaveOptions#overwrite} is set.
   *     Only rank 0's counts
   * @param parameters the same names, shapes, dtypes and layouts in the same order on every rank,
   *     with this rank's partitions
   * @param files what goes beside the weights; only rank 0's counts
   * @return what was done
   * @throws IllegalArgumentException if this rank's partitions do not fit shape, layout and rank;
   *     the other ranks get a {@link CheckpointException} that says so
   * @throws CheckpointException on every rank, if any rank failed; nothing is committed
   * @throws IllegalStateException if another call runs, or the checkpointer is closed
   */
  public SaveReport save(Path target, ParameterSet parameters, ModelFiles files)
      throws IOException {
    Objects.requireNonNull(target, "target");
    SaveContents contents =
        new SaveContents(target, OptionalLong.empty(), parameters, files, Optional.empty());
    return alone(() -> new SaveRun(tools, contents).run());
  }

  /** Saves a folder of one tensor file, or fails on all ranks if one's {@code contents} throws. */
  public SaveReport save(Path target, Supplier<SingleFile> contents) throws IOException {
    return alone(
        () -> SingleFile.save(tools, target, OptionalLong.empty(), Optional.empty(), contents));
  }

  /**
   * Saves a checkpoint of the run that has one tensor file, or fails on all ranks if one's {@code
   * contents} throws; then deletes what the run's retention does not keep. Collective.
   */
  public SaveReport save(long step, Supplier<SingleFile> contents, TrainerState state)
      throws IOException {
    saves().target(step); // a wrong step is refused before anything is sent
    return alone(() -> saves().save(step, contents, state));
  }

  /**
   * Saves a checkpoint of the run, then deletes what its retention does not keep. A folder of the
   * same number is replaced. Collective.
   *
   * @param step number of the step or epoch, 0 or more
   * @param state what the trainer needs to go on
   * @throws IllegalArgumentException as {@link #save(Path, ParameterSet, ModelFiles)} does
   * @throws CheckpointException as {@link #save(Path, ParameterSet, ModelFiles)} does
   * @throws IllegalStateException if the checkpointer was opened without {@link RunOptions}, or as
   *     {@link #save(Path, ParameterSet, ModelFiles)} does
   */
  public SaveReport save(long step, ParameterSet parameters, ModelFiles files, TrainerState state)
      throws IOException {
    SaveContents contents = contents(step, parameters, files, state);
    return alone(() -> saves().save(contents));
  }

  /**
   * Saves a checkpoint of the run in the background. The call returns when this rank's partitions
   * have been copied, cast, into host memory; the trainer may then change them. No rank waits for
   * another here; from now on until the save has ended, Cairn uses the communicator in the
   * background.
   *
   * <p>A save that still runs is waited for first; if it failed, that is thrown here. A snapshot
   * larger than {@link SaveOptions#snapshotBudgetBytes} is not taken: the call then returns when
   * the whole save has ended.
   *
   * @param step number of the step or epoch, 0 or more
   * @param state what the trainer needs to go on; its tensors are copied too
   * @return the save; how it ended is also thrown by the next call if nobody awaits it
   * @throws IllegalStateException as {@link #save(long, ParameterSet, ModelFiles, TrainerState)}
   *     does
   */
  public PendingSave saveAsync(
      long step, ParameterSet parameters, ModelFiles files, TrainerState state) throws IOException {
    SaveContents contents = contents(step, parameters, files, state);
    enter();
    try {
      long start = System.nanoTime();
      background.settle();
      tools.ranks().communicator().withdrawLent();
      Optional<SaveContents> copy = takeSnapshot(contents);
      SaveContents saved = copy.orElse(contents);
      PendingSave pending =
          new PendingSave(
              background, background.start(() -> saves().save(saved)), System.nanoTime() - start);
      if (copy.isEmpty()) {
        pending.await();
      }
      return pending;
    } finally {
      leave();
    }
  }

  /** Returns a copy; empty if it does not fit, or if all ranks together will refuse it. */
  private Optional<SaveContents> takeSnapshot(SaveContents contents) throws IOException {
    try {
      for (Parameter parameter : contents.tensors()) {
        parameter.checkPartition(tools.ranks().rank(), tools.ranks().size());
      }
      return snapshot.take(tools, contents, tools.options().snapshotBudgetBytes());
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // the save finds the same mistake, and the other ranks hear of it
    }
  }

  private SaveContents contents(
      long step, ParameterSet parameters, ModelFiles files, TrainerState state) {
    return new SaveContents(
        saves().target(step), OptionalLong.of(step), parameters, files, Optional.of(state));
  }

  private RunSaves saves() {
    RunOptions run =
        runOptions.orElseThrow(
            () -> new IllegalStateException("checkpointer was opened without a run's directory"));
    return new RunSaves(tools, run);
  }

  /**
   * Returns the newest checkpoint of the run that is committed and verifies; one that does not is
   * passed over and logged with the reason. Collective: rank 0 looks once, the others are told.
   *
   * @throws CheckpointException on every rank, if the directory cannot be read
   * @throws IllegalStateException as {@link #save(long, ParameterSet, ModelFiles, TrainerState)}
   *     does
   */
  public Optional<Checkpoint> latest() throws IOException {
    LatestCheckpoint latest = new LatestCheckpoint(tools, saves().run());
    return alone(latest::find).map(entry -> new Checkpoint(this, entry.path(), entry.number()));
  }

  void restore(Path folder, Optional<ParameterSet> model, TrainerState state) throws IOException {
    alone(
        () -> {
          tools
              .ranks()
              .together(
                  () -> {
                    readInto(folder, model, state);
                    return new byte[0];
                  });
          return null;
        });
  }

  private void readInto(Path folder, Optional<ParameterSet> model, TrainerState state)
      throws IOException {
    try (CheckpointReader reader = new CheckpointReader(folder)) {
      Restore restore = new Restore(tools, reader);
      if (model.isPresent()) {
        restore.add(model.get(), reader.model());
      }
      if (state.tensors().isPresent()) {
        restore.add(state.tensors().get(), reader.state());
      }
      restore.run();
    }
  }

  /** Runs one collective call, after the background save, on a thread that nobody interrupts. */
  private <T> T alone(Callable<T> work) throws IOException {
    enter();
    try {
      background.settle();
      return OwnThread.call("cairn-call", work);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("checkpointing throws nothing else", e);
    } finally {
      leave();
    }
  }

  private synchronized void enter() {
    if (closed) {
      throw new IllegalStateException("checkpointer is closed");
    }
    if (busy) {
      throw new IllegalStateException("another call is running");
    }
    busy = true;
  }

  private synchronized void leave() {
    busy = false;
  }

  /**
   * Waits for a save in the background, then frees staging and snapshot memory. The communicator
   * stays open.
   *
   * @throws IOException if the save in the background failed and nobody has been told; everything
   *     is freed all the same
   * @throws IllegalStateException if another call is running
   */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (busy) {
        throw new IllegalStateException("a call is running: close the checkpointer after it");
      }
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      background.settle();
    } finally {
      try {
        snapshot.close();
      } finally {
        tools.close();
      }
    }
  }
}
