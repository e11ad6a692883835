package dev.cairn.comm;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Runs what a caller's interrupt must not reach on a daemon thread, and waits for it. */
final class Background {
  private Background() {}

  /** Returns what {@code task} returns; an interrupt is kept for the caller. */
  static <T> T call(String threadName, Callable<T> task) throws CommunicationException {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = new Thread(future, threadName);
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw unwrap(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
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
        ? known.rethrown()
        : new CommunicationException(CommunicationException.UNKNOWN_RANK, cause.toString(), cause);
  }
}
