package dev.cairn;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The one save that may run in the background, and what became of the last one. */
final class Background {
  private CompletableFuture<SaveReport> last;
  private long number;

  /** A save that was started, and which one it is. */
  record Started(long number, CompletableFuture<SaveReport> result) {}

  /** Starts work on a thread of its own. The one before has ended. */
  synchronized Started start(Callable<SaveReport> work) {
    CompletableFuture<SaveReport> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable e) { // whoever waits gets it, whatever it is
                result.completeExceptionally(e);
              }
            },
            "cairn-async-save");
    thread.setDaemon(true);
    thread.start();
    last = result;
    return new Started(++number, result);
  }

  /** Somebody has waited for this save and knows how it ended. */
  synchronized void isTold(Started ended) {
    if (ended.number() == number) {
      last = null;
    }
  }

  private synchronized CompletableFuture<SaveReport> takeLast() {
    CompletableFuture<SaveReport> taken = last;
    last = null;
    return taken;
  }

  /**
   * Waits for the last save to end; an interrupt is kept and does not end the wait.
   *
   * @throws IOException how it failed, once
   */
  void settle() throws IOException {
    CompletableFuture<SaveReport> ended = takeLast();
    if (ended == null) {
      return;
    }
    try {
      ended.join();
    } catch (CompletionException e) {
      throw rethrow(e.getCause());
    }
  }

  /** Returns an I/O failure to be thrown; throws everything else itself. */
  static IOException rethrow(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    return failure instanceof IOException e ? e : new IOException(failure);
  }
}
