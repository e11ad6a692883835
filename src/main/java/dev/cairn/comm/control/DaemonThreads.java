package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Runs what a caller's interrupt must not reach on a daemon thread, and waits for it. */
public final class DaemonThreads {
  private static final Logger LOG = System.getLogger(DaemonThreads.class.getName());

  private DaemonThreads() {}

  /**
   * Runs a task that others wait for: on a thread of its own or, if the system gives none, here.
   */
  public static void startOrRun(String threadName, Runnable task) {
    try {
      start(threadName, task);
    } catch (OutOfMemoryError e) {
      LOG.log(Level.WARNING, "no thread of its own: name={0}; {1}", threadName, e.getMessage());
      task.run();
    }
  }

  public static void start(String threadName, Runnable task) {
    Thread thread = new Thread(task, threadName);
    thread.setDaemon(true);
    thread.start();
  }

  /** Returns what {@code task} returns; an interrupt is kept for the caller. */
  public static <T> T call(String threadName, Callable<T> task) throws CommunicationException {
    CompletableFuture<T> future = new CompletableFuture<>();
    startOrRun(
        threadName,
        () -> {
          try {
            future.complete(task.call());
          } catch (Throwable e) { // Whatever it is, it is the caller's.
            future.completeExceptionally(e);
          }
        });
    return get(future);
  }

  /** Returns the result of {@code future}; an interrupt is kept for the caller. */
  public static <T> T get(CompletableFuture<T> future) throws CommunicationException {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw unwrap(e.getCause());
    }
  }

  private static CommunicationException unwrap(Throwable cause) {
    if (cause instanceof RuntimeException defect) {
      throw defect;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof CommunicationException known
        ? FailureState.rethrown(known)
        : new CommunicationException(CommunicationException.UNKNOWN_RANK, cause.toString(), cause);
  }
}
