package dev.cairn;

import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveReport;
import dev.cairn.run.Background;
import dev.cairn.run.Ending;
import java.io.IOException;

/**
 * A save that goes on in the background. The trainer may change its parameters when {@link
 * #snapshotDone} has returned; {@code saveAsync} waits for that itself. Any thread.
 */
public final class PendingSave implements AutoCloseable {
  private final Background.Begun begun;
  private final Ending<Long> released;

  /**
   * Takes a save that was begun, and the end of its stall in nanoseconds, which comes when the
   * partitions are free.
   */
  PendingSave(Background.Begun begun, Ending<Long> released) {
    this.begun = begun;
    this.released = released;
  }

  /**
   * Waits until the trainer may change this rank's partitions. Returns also if the save has failed:
   * {@link #await} throws that. An interrupt is kept and does not end the wait.
   */
  public void snapshotDone() {
    stallNanos();
  }

  /**
   * {@return how many nanoseconds the partitions were borrowed: what the call of {@code saveAsync}
   * took} Waits as {@link #snapshotDone} does.
   */
  public long stallNanos() {
    return released.await().value();
  }

  /** {@return whether the save has ended, one way or the other} */
  public boolean isDone() {
    return begun.ending().isDone();
  }

  /**
   * Waits until the checkpoint is committed. An interrupt is kept and does not end the wait.
   *
   * @return what was done
   * @throws CheckpointException if it failed; nothing is committed
   */
  public SaveReport await() throws IOException {
    Throwable failure = begun.ending().await().failure();
    begun.told();
    if (failure != null) {
      throw Background.rethrow(failure);
    }
    return begun.ending().value();
  }

  /**
   * Does not wait: the save goes on. A failure is thrown on every rank by the checkpointer's next
   * collective call, or when it is closed, unless {@link #await} has been called on every rank.
   */
  @Override
  public void close() {
    // The save belongs to the checkpointer; there is nothing to free here.
  }
}
