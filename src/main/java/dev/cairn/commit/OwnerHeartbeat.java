package dev.cairn.commit;

import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;

/** Touches a file once a minute, so that others can see that its folder is being worked in. */
final class OwnerHeartbeat implements AutoCloseable {
  private static final Logger LOG = System.getLogger(OwnerHeartbeat.class.getName());
  private static final long PERIOD_MILLIS = 60_000;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Disk disk;
  private final Machine machine;
  private final Path file;
  private final long periodMillis;
  private boolean stopped; // guarded by this

  private OwnerHeartbeat(Disk disk, Machine machine, Path file, long periodMillis) {
    this.disk = disk;
    this.machine = machine;
    this.file = file;
    this.periodMillis = periodMillis;
  }

  static OwnerHeartbeat start(Disk disk, Machine machine, Path file) {
    return start(disk, machine, file, PERIOD_MILLIS);
  }

  static OwnerHeartbeat start(Disk disk, Machine machine, Path file, long periodMillis) {
    OwnerHeartbeat heartbeat = new OwnerHeartbeat(disk, machine, file, periodMillis);
    try {
      machine.start("cairn-heartbeat", heartbeat::beat);
    } catch (OutOfMemoryError e) { // most saves end before anybody looks for a beat
      LOG.log(Level.WARNING, "no heartbeat: file={0}, reason={1}", file, e.getMessage());
    }
    return heartbeat;
  }

  private void beat() {
    boolean warned = false;
    try {
      while (pause()) {
        try {
          disk.touch(file);
        } catch (IOException e) { // may pass, and without a beat others take the folder away
          if (!warned && !isStopped()) {
            LOG.log(Level.WARNING, "heartbeat missed: file={0}, reason={1}", file, e);
          }
          warned = true;
        }
      }
    } catch (InterruptedException e) {
      LOG.log(Level.WARNING, "heartbeat stopped: file={0}, reason={1}", file, e);
    }
  }

  /** Waits for the next beat; returns whether there is to be one. */
  private synchronized boolean pause() throws InterruptedException {
    long end = machine.nanoTime() + periodMillis * NANOS_PER_MILLI;
    long leftNanos = end - machine.nanoTime();
    while (!stopped && leftNanos > 0) {
      machine.await(this, 1 + leftNanos / NANOS_PER_MILLI);
      leftNanos = end - machine.nanoTime();
    }
    return !stopped;
  }

  private synchronized boolean isStopped() {
    return stopped;
  }

  @Override
  public synchronized void close() {
    stopped = true;
    machine.wake(this);
  }
}
