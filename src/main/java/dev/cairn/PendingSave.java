package dev.cairn;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * A save that goes on in the background. The trainer may change its parameters when {@link
 * #snapshotDone} has returned; {@code saveAsync} waits for that itself. Any thread.
 */
public final class PendingSave implements AutoCloseable {
  private final Background background;
  private final CompletableFuture<SaveReport> result;
  private final CompletableFuture<Long> released;

  /** Takes the save's result, and what completes with the stall when the partitions are free. */
  PendingSave(
      Background background,
      CompletableFuture<SaveReport> result,
      CompletableFuture<Long> released) {
    this.background = background;
    this.result = result;
    this.released = released;
  }

  /**
   * Waits until this rank's partitions are the trainer's again, also if the save has failed, which
   * {@link #await} tells. An interrupt is kept and does not end the wait.
   */
  public void snapshotDone() {
    stallNanos();
  }

  /**
   * {@return how many nanoseconds the partitions were borrowed: what the call of {@code saveAsync}
   * took} Waits as {@link #snapshotDone} does.
   */
  public long stallNanos() {
    try {
      return get(released);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a release does not fail", e);
    }
  }

  /** {@return whether the save has ended, one way or the other} */
  public boolean isDone() {
    return result.isDone();
  }

  /**
   * Waits until the checkpoint is committed. An interrupt is kept and does not end the wait.
   *
   * @return what was done
   * @throws CheckpointException if it failed; nothing is committed
   */
  public SaveReport await() throws IOException {
    try {
      return get(result);
    } catch (ExecutionException e) {
      throw Background.rethrow(e.getCause());
    } finally {
      background.isTold(result);
    }
  }

  private static <T> T get(Future<T> future) throws ExecutionException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Does not wait: the save goes on, and the checkpointer reports how it ended at its next call or
   * when it is closed, if nobody has called {@link #await}.
   */
  @Override
  public void close() {
    // The save belongs to the checkpointer; there is nothing to free here.
  }
}
