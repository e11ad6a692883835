package dev.cairn;

import dev.cairn.copy.OwnThread;
import dev.cairn.machine.Machine;
import dev.cairn.run.Background;
import java.io.IOException;
import java.util.concurrent.Callable;

/** What all calls of a checkpointer have in common: one at a time, and none once it is closed. */
final class Calls {
  private final CallGuard guard = new CallGuard();
  private final Background background;
  private final Machine machine;

  Calls(Background background, Machine machine) {
    this.background = background;
    this.machine = machine;
  }

  /** Does one call, on the caller's thread. */
  <T> T one(CallGuard.Work<T> work) throws IOException {
    return guard.hold(work);
  }

  /** As {@link #one}, on a thread of its own: an interrupt of the caller would close the files. */
  <T> T uninterrupted(Callable<T> work) throws IOException {
    return guard.hold(() -> onOwnThread(work));
  }

  /**
   * As {@link #uninterrupted}, after the save in the background: that uses the communicator too.
   *
   * @throws IOException also how that save failed, if the trainer has not been told
   */
  <T> T collective(Callable<T> work) throws IOException {
    return guard.hold(
        () -> {
          background.settle();
          return onOwnThread(work);
        });
  }

  private <T> T onOwnThread(Callable<T> work) throws IOException {
    return OwnThread.callIo(machine, "cairn-call", work);
  }

  /** Frees memory. */
  interface Free {
    void run() throws IOException;
  }

  /**
   * Waits for the save in the background, then frees, whatever became of it. Does nothing if it was
   * called before.
   *
   * @throws IllegalStateException if a call runs
   */
  void close(Free free) throws IOException {
    if (!guard.close()) {
      return;
    }
    try {
      background.finish();
    } finally {
      free.run();
    }
  }
}
