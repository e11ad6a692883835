package dev.cairn.run;

import dev.cairn.machine.Machine;
import java.time.Duration;

/**
 * The result of work that one thread does and others wait for: a value or a failure. Any thread.
 *
 * @param <T> what it comes to if it ends well
 */
public final class Ending<T> {
  private final Machine machine;
  private boolean isDone;
  private T value;
  private Throwable failure;

  public Ending(Machine machine) {
    this.machine = machine;
  }

  /** Returns something that has ended well already. */
  public static <T> Ending<T> well(Machine machine, T value) {
    Ending<T> ending = new Ending<>(machine);
    ending.complete(value);
    return ending;
  }

  /** Ends well, unless it has ended before. */
  public void complete(T result) {
    end(result, null);
  }

  /** Ends with a failure, unless it has ended before. */
  void fail(Throwable thrown) {
    end(null, thrown);
  }

  private synchronized void end(T result, Throwable thrown) {
    if (!isDone) {
      isDone = true;
      value = result;
      failure = thrown;
      machine.wake(this);
    }
  }

  public synchronized boolean isDone() {
    return isDone;
  }

  /** Waits for the end; an interrupt is kept and does not end the wait. */
  public synchronized Ending<T> await() {
    machine.awaitUntil(this, () -> isDone);
    return this;
  }

  /** Waits for the end, for some time; returns whether it has come. */
  public synchronized boolean await(Duration timeout) throws InterruptedException {
    long deadline = machine.nanoTime() + timeout.toNanos();
    while (!isDone) {
      long leftMillis = (deadline - machine.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        return false;
      }
      machine.await(this, leftMillis);
    }
    return true;
  }

  /** Returns what it came to; null if it has failed or not ended. */
  public synchronized T value() {
    return value;
  }

  /** Returns what it failed with; null if it has not. */
  public synchronized Throwable failure() {
    return failure;
  }
}
