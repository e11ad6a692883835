package dev.cairn.run;

import dev.cairn.machine.Machine;
import dev.cairn.options.SaveReport;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Outcome;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * The one save that may run in the background, and what became of the one before.
 *
 * <p>That a save has failed is known to all ranks, but not whether their trainers have been told:
 * one awaits its save, another does not. Before anything new begins the ranks agree on that, so
 * that all of them throw or none does; a rank that threw alone would from then on be one call
 * behind the others.
 */
public final class Background {
  private static final Logger LOG = System.getLogger(Background.class.getName());

  private final Ranks ranks;
  private final Machine machine;
  private Begun last;

  public Background(Ranks ranks, Machine machine) {
    this.ranks = ranks;
    this.machine = machine;
  }

  /** A save that was begun in the background. */
  public final class Begun {
    private final String call;
    private final Ending<SaveReport> ending = new Ending<>(machine);
    private boolean isTold; // guarded by the Background, as isSettled
    private boolean isSettled;

    private Begun(String call) {
      this.call = call;
    }

    public String call() {
      return call;
    }

    public Ending<SaveReport> ending() {
      return ending;
    }

    /** The trainer knows how it ended. */
    public void told() {
      synchronized (Background.this) {
        isTold = true;
      }
    }
  }

  /** What is done in the background. */
  public interface Work {
    SaveReport run(Begun begun) throws IOException;
  }

  /**
   * Starts work on a thread of its own, which waits for the one before to end.
   *
   * @param call what the operation is called
   * @param work is given what it is known as
   * @throws OutOfMemoryError if there is no thread for it; nothing was begun
   */
  public synchronized Begun start(String call, Work work) {
    Begun before = last;
    Begun begun = new Begun(call);
    machine.start(
        "cairn-async-save",
        () -> {
          try {
            if (before != null) {
              before.ending.await();
            }
            begun.ending.complete(work.run(begun));
          } catch (Throwable e) { // whoever waits gets it, whatever it is
            begun.ending.fail(e);
          }
        });
    last = begun;
    return begun;
  }

  public synchronized boolean isRunning() {
    return last != null && !last.ending.isDone();
  }

  /** Returns the last save that was begun, null before the first. */
  public synchronized Begun last() {
    return last;
  }

  /**
   * Forgets the last save, if it has ended well: what is saved from now on is not what it has
   * saved.
   */
  public synchronized void forgetEnded() {
    if (last != null && last.ending.isDone() && last.ending.failure() == null) {
      last = null;
    }
  }

  /** Waits for the last save to end; not collective, and nobody is told how. */
  public void awaitEnd() {
    Begun begun = last();
    if (begun != null) {
      begun.ending.await();
    }
  }

  /**
   * Waits for the last save to end. Collective if that has failed: all ranks throw its failure,
   * unless the trainers of all of them have been told. A refusal is logged instead, as nothing was
   * promised.
   *
   * @throws IOException how the last save failed, this rank's own view of it
   */
  public void settle() throws IOException {
    settle(last());
  }

  /**
   * As {@link #settle()}, for the save before one that this rank has begun alone. If this throws,
   * that one counts as settled too.
   */
  public void settleBefore(Begun behind, Begun begun) throws IOException {
    try {
      settle(begun);
    } catch (IOException | RuntimeException | Error e) {
      synchronized (this) {
        behind.isSettled = true;
      }
      throw e;
    }
  }

  private void settle(Begun begun) throws IOException {
    if (begun == null) {
      return;
    }
    Throwable failure = begun.ending.await().failure();
    boolean isTold;
    synchronized (this) {
      if (failure == null) {
        return;
      }
      if (begun.isSettled) {
        logUntold(begun, failure);
        return;
      }
      begun.isSettled = true;
      isTold = begun.isTold;
      begun.isTold = true;
    }
    if (isRefusal(failure, isTold)) {
      return;
    }
    if (!isToldEverywhere(isTold, failure)) {
      throw rethrow(failure);
    }
  }

  /**
   * All ranks have settled this failure already, but this one's trainer was not told: it is logged.
   */
  private static void logUntold(Begun begun, Throwable failure) {
    if (!begun.isTold) {
      LOG.log(Level.WARNING, "an earlier save failed: {0}", Outcome.reason(failure));
      begun.isTold = true;
    }
  }

  /**
   * Returns whether the trainers of all ranks know of the failure; false if the ranks cannot agree
   * any more.
   */
  private boolean isToldEverywhere(boolean isTold, Throwable failure) {
    try {
      return ranks.run(
          Operation.SAVE,
          "outcome of the save before", // ranks may have called it by different steps
          () ->
              ranks.together(() -> new byte[] {(byte) (isTold ? 1 : 0)}).stream()
                  .allMatch(told -> told[0] == 1));
    } catch (IOException e) {
      failure.addSuppressed(e);
      return false;
    }
  }

  /** Waits for the last save to end and takes its failure for told, on all ranks. */
  public void settleQuietly() {
    Begun begun = last();
    if (begun == null) {
      return;
    }
    Throwable failure = begun.ending.await().failure();
    synchronized (this) {
      if (failure != null) {
        logUntold(begun, failure);
      }
      begun.isTold = true;
      begun.isSettled = true;
    }
  }

  /**
   * Waits for the last save to end, when the checkpointer is closed.
   *
   * @throws IOException how it failed, if this rank's trainer has not been told
   */
  public void finish() throws IOException {
    Begun begun = last();
    Throwable failure = begun == null ? null : begun.ending.await().failure();
    synchronized (this) {
      if (failure == null || begun.isTold || begun.isSettled) {
        return;
      }
      begun.isTold = true;
    }
    if (!isRefusal(failure, false)) {
      throw rethrow(failure);
    }
  }

  /**
   * Returns whether the save was refused, so that its trainer was promised nothing; logs that if it
   * was not told.
   */
  private static boolean isRefusal(Throwable failure, boolean isTold) {
    boolean isRefusal = BusySave.is(failure);
    if (isRefusal && !isTold) {
      LOG.log(Level.WARNING, "{0}", failure.getMessage());
    }
    return isRefusal;
  }

  /** Waits for the last save to end, for some time; returns whether it has. */
  public boolean awaitEnd(Duration timeout) throws InterruptedException {
    Begun begun = last();
    return begun == null || begun.ending.await(timeout);
  }

  /** Returns an I/O failure to be thrown; throws everything else itself. */
  public static IOException rethrow(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    return failure instanceof IOException e ? e : new IOException(failure);
  }
}
