package dev.cairn.machine;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Time, threads, waiting, and which processes live: the seam at which a simulation decides who runs
 * when. Any thread.
 *
 * <p>Whatever waits for another thread or for a peer waits through {@link #await} on a monitor, and
 * whoever changes what is waited for calls {@link #wake} on it. Locks that are held for a few
 * instructions are no waits.
 */
public interface Machine {
  /** What {@link #runAll} runs. */
  interface Work {
    /**
     * Works to the end.
     *
     * @throws Exception whatever it is, it is handed to the caller of {@link #runAll}
     */
    void run() throws Exception;

    /** {@return what it threw, whatever that is; null if nothing} */
    default Throwable attempt() {
      try {
        run();
        return null;
      } catch (Throwable e) { // handed to the caller
        return e;
      }
    }
  }

  /** {@return the machine that this process runs on} */
  static Machine local() {
    return LocalMachine.INSTANCE;
  }

  /** {@return a time in nanoseconds that only grows; for differences} */
  long nanoTime();

  /** {@return the time of day} */
  Instant now();

  /**
   * Starts a daemon thread.
   *
   * @param name of the thread
   * @param work must not throw
   * @throws OutOfMemoryError if the system gives no more threads; nothing has been started
   */
  void start(String name, Runnable work);

  /**
   * Runs all of the works at the same time, each on a thread that nobody else knows, and so nobody
   * interrupts, and waits for all of them; an interrupt of the caller is kept and does not end the
   * wait. If the system gives fewer threads than there are works, the others are not run.
   *
   * @param name of the threads, each with a number behind it if there are several
   * @param works one or more
   * @return what each has thrown, null where nothing; a work for which there was no thread has
   *     thrown the {@link OutOfMemoryError} that said so
   */
  List<Throwable> runAll(String name, List<Work> works);

  /**
   * Waits until somebody wakes the monitor, or the time is over, or for no reason.
   *
   * @param monitor held by the caller, given up meanwhile
   * @param timeoutMillis 0 for any time
   * @throws InterruptedException if the thread is interrupted
   */
  void await(Object monitor, long timeoutMillis) throws InterruptedException;

  /**
   * Waits until something has come about; an interrupt is kept and does not end the wait.
   *
   * @param monitor held by the caller, given up meanwhile; woken whenever it may have come about
   * @param isSo asked with the monitor held
   */
  default void awaitUntil(Object monitor, BooleanSupplier isSo) {
    boolean interrupted = false;
    while (!isSo.getAsBoolean()) {
      try {
        await(monitor, 0);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Wakes all who wait on a monitor.
   *
   * @param monitor held by the caller
   */
  void wake(Object monitor);

  /**
   * Fills an array with random bytes that no other process draws.
   *
   * @param bytes all of it
   */
  default void fillRandom(byte[] bytes) {
    new SecureRandom().nextBytes(bytes);
  }

  /** {@return which process this is} */
  ProcessIdentity self();

  /**
   * Returns whether a process is known to have ended. Of another host's nothing is known.
   *
   * @param process as it once said of itself
   * @return false also where nobody can know
   */
  boolean isDead(ProcessIdentity process);
}
