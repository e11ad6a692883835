package dev.cairn;

import java.io.IOException;
import java.util.concurrent.ExecutionException;

/**
 * A save that goes on in the background. When {@link Checkpointer#saveAsync} has returned it, the
 * trainer may change its parameters again.
 */
public final class PendingSave implements AutoCloseable {
  private final Background background;
  private final Background.Started started;
  private final long stallNanos;

  PendingSave(Background background, Background.Started started, long stallNanos) {
    this.background = background;
    this.started = started;
    this.stallNanos = stallNanos;
  }

  /** Returns how long the trainer was held: what the call of {@code saveAsync} took. */
  public long stallNanos() {
    return stallNanos;
  }

  /** Returns whether the save has ended, one way or the other. */
  public boolean isDone() {
    return started.result().isDone();
  }

  /**
   * Waits until the checkpoint is committed. An interrupt is kept and does not end the wait.
   *
   * @throws CheckpointException if it failed; nothing is committed
   */
  public SaveReport await() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          SaveReport report = started.result().get();
          background.isTold(started);
          return report;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          background.isTold(started);
          throw Background.rethrow(e.getCause());
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
