package dev.cairn.pipeline;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Runs work on a thread that nobody else knows, and so nobody interrupts: an interrupt of the
 * caller must not close the files that are being written.
 */
public final class OwnThread {
  private OwnThread() {}

  /**
   * Returns what {@code work} returns, or throws what it throws. The caller waits; an interrupt of
   * it is kept and does not end the wait.
   *
   * @param <T> what the work makes
   * @param name of the thread
   * @param work run once, on that thread
   * @return what {@code work} returns, null included
   * @throws Exception what {@code work} throws, unchanged; errors too
   */
  @SuppressWarnings("ThrowSpecificExceptions") // whatever the work throws, unchanged
  public static <T> T call(String name, Callable<T> work) throws Exception {
    Result<T> result = new Result<>();
    Thread thread = new Thread(() -> result.run(work), name);
    thread.setDaemon(true);
    thread.start();
    join(List.of(thread));
    return result.get();
  }

  /**
   * As {@link #call}, of work that throws nothing but {@link IOException} and unchecked.
   *
   * @param <T> what the work makes
   * @param name of the thread
   * @param work run once, on that thread
   * @return what {@code work} returns, null included
   * @throws IOException what {@code work} throws
   */
  public static <T> T callIo(String name, Callable<T> work) throws IOException {
    try {
      return call(name, work);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("unexpected from " + name, e);
    }
  }

  /** Waits for threads to end; an interrupt of the caller is kept and does not end the wait. */
  static void join(List<Thread> threads) {
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the work came to; read after the thread has been joined. */
  private static final class Result<T> {
    private T value;
    private Throwable failure;

    void run(Callable<T> work) {
      try {
        value = work.call();
      } catch (Throwable e) { // handed to the caller, whatever it is
        failure = e;
      }
    }

    T get() throws Exception {
      if (failure instanceof Exception e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      return value;
    }
  }
}
