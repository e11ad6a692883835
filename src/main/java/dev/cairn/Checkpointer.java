package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.kernels.Kernels;
import dev.cairn.pipeline.OwnThread;
import dev.cairn.pipeline.Staging;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Saves models that are spread over the ranks of a communicator.
 *
 * <p>Saving is collective: every rank calls it, in the same order, with the same options. One
 * thread at a time. The staging buffers are allocated when the checkpointer is opened and are all
 * the memory that a save takes, whatever the model's size.
 */
public final class Checkpointer implements AutoCloseable {
  private final SaveTools tools;
  private boolean busy;
  private boolean closed;

  private Checkpointer(Communicator communicator, SaveOptions options, Disk disk) {
    this.tools =
        new SaveTools(
            new Ranks(communicator),
            options,
            disk,
            Kernels.best(),
            new Staging(options.stagingBuffers(), options.stagingBufferBytes()));
  }

  /**
   * Opens a checkpointer and allocates its staging buffers. Sends nothing.
   *
   * @param communicator borrowed: not closed here, and not used between calls
   * @param options the same on every rank
   */
  public static Checkpointer open(Communicator communicator, SaveOptions options) {
    return open(communicator, options, Disk.local());
  }

  static Checkpointer open(Communicator communicator, SaveOptions options, Disk disk) {
    return new Checkpointer(
        Objects.requireNonNull(communicator, "communicator"),
        Objects.requireNonNull(options, "options"),
        disk);
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
   * @throws IllegalStateException if another save runs, or the checkpointer is closed
   */
  public SaveReport save(Path target, ParameterSet parameters, ModelFiles files)
      throws IOException {
    Objects.requireNonNull(target, "target");
    enter();
    try {
      SaveContents contents =
          new SaveContents(target, OptionalLong.empty(), parameters, files, Optional.empty());
      SaveRun run = new SaveRun(tools, contents);
      return OwnThread.call("cairn-save", run::run);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a save throws nothing else", e);
    } finally {
      leave();
    }
  }

  private synchronized void enter() {
    if (closed) {
      throw new IllegalStateException("checkpointer is closed");
    }
    if (busy) {
      throw new IllegalStateException("another save is running");
    }
    busy = true;
  }

  private synchronized void leave() {
    busy = false;
  }

  /**
   * Frees the staging buffers. The communicator stays open.
   *
   * @throws IllegalStateException if a save is running
   */
  @Override
  public synchronized void close() {
    if (busy) {
      throw new IllegalStateException("a save is running: close the checkpointer after it");
    }
    if (!closed) {
      closed = true;
      tools.staging().close();
    }
  }
}
