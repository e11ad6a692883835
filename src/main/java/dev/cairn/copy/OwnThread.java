package dev.cairn.copy;

import dev.cairn.machine.Machine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Runs work on a private thread: interrupting the caller cannot close a {@code FileChannel} that is
 * being written.
 */
public final class OwnThread {
  private OwnThread() {}

  /**
   * Returns what {@code work} returns, or throws what it throws. The caller waits; an interrupt of
   * it is kept and does not end the wait. If the system gives no more threads, the work is done on
   * the caller's: the other ranks are waiting for it.
   *
   * @param <T> what the work makes
   * @param machine gives the thread
   * @param name of the thread
   * @param work run once
   * @return what {@code work} returns, null included
   * @throws Exception what {@code work} throws, unchanged; errors too
   */
  @SuppressWarnings("ThrowSpecificExceptions") // whatever the work throws, unchanged
  public static <T> T call(Machine machine, String name, Callable<T> work) throws Exception {
    Result<T> result = new Result<>();
    List<Throwable> thrown = machine.runAll(name, List.of(() -> result.run(work)));
    if (!result.isStarted) {
      ThreadShortage.tell(name, 0, 1, thrown.get(0));
      runHere(result, work);
    }
    return result.get();
  }

  private static <T> void runHere(Result<T> result, Callable<T> work) {
    boolean wasInterrupted = Thread.interrupted(); // it would close the first file at once
    result.run(work);
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * As {@link #call}, of work that throws nothing but {@link IOException} and unchecked.
   *
   * @param <T> what the work makes
   * @param machine gives the thread
   * @param name of the thread
   * @param work run once
   * @return what {@code work} returns, null included
   * @throws IOException what {@code work} throws
   */
  public static <T> T callIo(Machine machine, String name, Callable<T> work) throws IOException {
    try {
      return call(machine, name, work);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("unexpected from " + name, e);
    }
  }

  /** What the work came to; read after its thread has ended. */
  private static final class Result<T> {
    private boolean isStarted;
    private T value;
    private Throwable failure;

    void run(Callable<T> work) {
      isStarted = true;
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
