package dev.cairn;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The one save that may run in the background, and what became of those before it. */
final class Background {
  private static final Logger LOG = System.getLogger(Background.class.getName());

  private final List<CompletableFuture<SaveReport>> untold = new ArrayList<>();
  private CompletableFuture<SaveReport> last = CompletableFuture.completedFuture(null);

  /** Starts work on a thread of its own, which waits for the one before to end. */
  synchronized CompletableFuture<SaveReport> start(Callable<SaveReport> work) {
    CompletableFuture<SaveReport> before = last;
    CompletableFuture<SaveReport> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                awaitEnd(before);
                result.complete(work.call());
              } catch (Throwable e) { // whoever waits gets it, whatever it is
                result.completeExceptionally(e);
              }
            },
            "cairn-async-save");
    thread.setDaemon(true);
    thread.start();
    last = result;
    untold.add(result);
    return result;
  }

  private static void awaitEnd(CompletableFuture<SaveReport> before) {
    before.handle((report, failure) -> null).join();
  }

  synchronized boolean isRunning() {
    return !last.isDone();
  }

  /** Somebody has waited for this save and knows how it ended. */
  synchronized void isTold(CompletableFuture<SaveReport> ended) {
    untold.removeIf(save -> save == ended);
  }

  private synchronized Optional<CompletableFuture<SaveReport>> takeUntold() {
    return untold.isEmpty() ? Optional.empty() : Optional.of(untold.remove(0));
  }

  /**
   * Waits for all saves to end; an interrupt is kept and does not end the wait.
   *
   * @throws IOException how the first one failed that failed and that nobody has been told of; a
   *     refusal is logged instead, as nothing was promised
   */
  void settle() throws IOException {
    Throwable first = null;
    for (var next = takeUntold(); next.isPresent(); next = takeUntold()) {
      try {
        next.get().join();
      } catch (CompletionException e) {
        if (Refusal.is(e.getCause())) {
          LOG.log(Level.WARNING, "{0}", e.getCause().getMessage());
        } else if (first == null) {
          first = e.getCause();
        } else {
          first.addSuppressed(e.getCause());
        }
      }
    }
    if (first != null) {
      throw rethrow(first);
    }
  }

  /** Waits for the last save to end, for some time; returns whether it has. */
  boolean awaitEnd(Duration timeout) throws InterruptedException {
    CompletableFuture<SaveReport> ending;
    synchronized (this) {
      ending = last;
    }
    try {
      ending.handle((report, failure) -> null).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("a handled future does not fail", e);
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
