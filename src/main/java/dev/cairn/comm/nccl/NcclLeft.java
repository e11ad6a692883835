package dev.cairn.comm.nccl;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * What is left in a communicator that was given up, and what has to wait for its end. Any thread.
 */
final class NcclLeft {
  private final Queue<Runnable> deferred = new ArrayDeque<>();
  private boolean isUnfinished;

  synchronized boolean isUnfinished() {
    return isUnfinished;
  }

  synchronized void leave() {
    isUnfinished = true;
  }

  /** Does what was put off; only then nothing is left any more. */
  void finish() {
    for (Runnable next = next(); next != null; next = next()) {
      next.run();
    }
  }

  private synchronized Runnable next() {
    isUnfinished = !deferred.isEmpty();
    return isUnfinished ? deferred.remove() : null;
  }

  /** Returns whether work was put off, as something is left. */
  synchronized boolean defer(Runnable work) {
    if (isUnfinished) {
      deferred.add(work);
    }
    return isUnfinished;
  }
}
