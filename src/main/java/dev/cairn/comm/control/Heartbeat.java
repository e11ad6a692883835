package dev.cairn.comm.control;

import dev.cairn.comm.channel.Timeouts;
import java.util.function.LongSupplier;

/** Signs of life: sends ours, and finds who gives none. On the loop's thread only. */
final class Heartbeat {
  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final long timeoutNanos;
  private final long intervalNanos;
  private final LongSupplier progress;
  private long sentNanos = System.nanoTime();
  private long tickNanos = sentNanos;

  /**
   * Begins to send and to listen.
   *
   * @param progress how far this rank has come, sent along
   */
  Heartbeat(Timeouts timeouts, LongSupplier progress) {
    this.progress = progress;
    timeoutNanos = timeouts.peer().toNanos();
    long leastNanos = Math.min(timeoutNanos, timeouts.operation().toNanos());
    intervalNanos = Math.min(INTERVAL_NANOS, leastNanos / 4);
  }

  /** Sends what is due on every open connection; returns the nanoseconds until the next. */
  long tick(long now, Connection... connections) {
    boolean stopped = now - tickNanos > timeoutNanos / 2;
    tickNanos = now;
    boolean due = now - sentNanos >= intervalNanos;
    for (Connection connection : connections) {
      if (connection == null || !connection.isOpen()) {
        continue;
      }
      if (stopped) {
        // This process itself was stopped: what the others sent meanwhile is still to be read.
        connection.setHeardNanos(now);
      }
      if (due && connection.isIdle()) {
        connection.send(Frame.empty(Frame.Kind.HEARTBEAT, progress.getAsLong()));
      }
    }
    if (due) {
      sentNanos = now;
    }
    return intervalNanos - (now - sentNanos);
  }

  /** Returns the index of an open connection that has been silent for too long, or -1. */
  int findSilent(long now, Connection... connections) {
    for (int i = 0; i < connections.length; i++) {
      Connection connection = connections[i];
      if (connection != null
          && connection.isOpen()
          && now - connection.heardNanos() > timeoutNanos) {
        return i;
      }
    }
    return -1;
  }

  /** Returns what a silent rank did, to follow its name. */
  String silence() {
    return " gave no sign of life for %.1f s (hung, stopped or unreachable?)"
        .formatted(timeoutNanos / 1e9);
  }
}
