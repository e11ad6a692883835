package dev.cairn.copy;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Logs, once, that the system gives no more threads, as at a container's limit of processes. The
 * work is then done by the threads that there are.
 */
public final class ThreadShortage {
  private static final Logger LOG = System.getLogger(ThreadShortage.class.getName());
  private static final AtomicBoolean IS_TOLD = new AtomicBoolean();

  private ThreadShortage() {}

  /** Says which threads are missing, unless some were before. */
  public static void tell(String name, int started, int wanted, Throwable reason) {
    if (!IS_TOLD.getAndSet(true)) {
      LOG.log(
          Level.WARNING,
          "fewer threads than asked for, which takes longer: name={0}, started={1}, expected {2};"
              + " {3}",
          name,
          started,
          wanted,
          reason.getMessage());
    }
  }
}
