package dev.cairn.machine;

import java.time.Instant;
import java.util.List;

/** The local machine, on which a thread that waits has to be woken; starts no thread itself. */
public abstract class StressMachine implements Machine {
  private static final Machine LOCAL = Machine.local();
  private static final long MOST_MILLIS = 20_000;

  @Override
  public long nanoTime() {
    return LOCAL.nanoTime();
  }

  @Override
  public Instant now() {
    return LOCAL.now();
  }

  @Override
  public void start(String name, Runnable work) {
    throw new IllegalStateException("thread not expected: name=" + name);
  }

  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    throw new IllegalStateException("threads not expected: name=" + name);
  }

  /**
   * Waits for a wake alone.
   *
   * @throws IllegalStateException if none comes: it was lost, and the caller's own timeout would
   *     only hide that
   */
  @Override
  public void await(Object monitor, long timeoutMillis) throws InterruptedException {
    long start = System.nanoTime();
    LOCAL.await(monitor, MOST_MILLIS);
    if (System.nanoTime() - start >= MOST_MILLIS * 1_000_000) {
      throw new IllegalStateException("nobody has woken the thread that waits");
    }
  }

  @Override
  public void wake(Object monitor) {
    LOCAL.wake(monitor);
  }

  @Override
  public ProcessIdentity self() {
    return LOCAL.self();
  }

  @Override
  public boolean isDead(ProcessIdentity process) {
    return LOCAL.isDead(process);
  }
}
