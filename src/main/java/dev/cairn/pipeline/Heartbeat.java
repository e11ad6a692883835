package dev.cairn.pipeline;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Touches a file once a minute, so that others can see that its folder is being worked in. */
final class Heartbeat implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Heartbeat.class.getName());
  private static final long PERIOD_MILLIS = 60_000;

  private final Path file;
  private final long periodMillis;
  private final CountDownLatch stop = new CountDownLatch(1);

  private Heartbeat(Path file, long periodMillis) {
    this.file = file;
    this.periodMillis = periodMillis;
  }

  static Heartbeat start(Path file) {
    return start(file, PERIOD_MILLIS);
  }

  static Heartbeat start(Path file, long periodMillis) {
    Heartbeat heartbeat = new Heartbeat(file, periodMillis);
    Thread thread = new Thread(heartbeat::beat, "cairn-heartbeat");
    thread.setDaemon(true);
    thread.start();
    return heartbeat;
  }

  private void beat() {
    boolean warned = false;
    try {
      while (!stop.await(periodMillis, TimeUnit.MILLISECONDS)) {
        try {
          Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) { // may pass, and without a beat others take the folder away
          if (!warned && stop.getCount() > 0) {
            LOG.log(Level.WARNING, "heartbeat missed: file={0}, reason={1}", file, e);
          }
          warned = true;
        }
      }
    } catch (InterruptedException e) {
      LOG.log(Level.WARNING, "heartbeat stopped: file={0}, reason={1}", file, e);
    }
  }

  @Override
  public void close() {
    stop.countDown();
  }
}
