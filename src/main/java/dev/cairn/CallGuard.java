package dev.cairn;

import java.io.IOException;

/** One call of a checkpointer at a time, and none once it is closed. Any thread. */
final class CallGuard {
  private boolean taken;
  private boolean closed;

  /** One call. */
  interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Does one call.
   *
   * @throws IllegalStateException if another call runs, or the checkpointer is closed
   */
  <T> T hold(Work<T> work) throws IOException {
    take();
    try {
      return work.run();
    } finally {
      giveBack();
    }
  }

  private synchronized void take() {
    if (closed) {
      throw new IllegalStateException("checkpointer is closed");
    }
    if (taken) {
      throw new IllegalStateException("another call is running");
    }
    taken = true;
  }

  private synchronized void giveBack() {
    taken = false;
  }

  /**
   * Closes; returns false if that was done before.
   *
   * @throws IllegalStateException if a call runs
   */
  synchronized boolean close() {
    if (taken) {
      throw new IllegalStateException("a call is running: close the checkpointer after it");
    }
    boolean isFirst = !closed;
    closed = true;
    return isFirst;
  }
}
