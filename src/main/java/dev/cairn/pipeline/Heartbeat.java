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
  private static final long PERIOD_SECONDS = 60;

  private final Path file;
  private final CountDownLatch stop = new CountDownLatch(1);

  private Heartbeat(Path file) {
    this.file = file;
  }

  static Heartbeat start(Path file) {
    Heartbeat heartbeat = new Heartbeat(file);
    Thread thread = new Thread(heartbeat::beat, "cairn-heartbeat");
    thread.setDaemon(true);
    thread.start();
    return heartbeat;
  }

  private void beat() {
    try {
      while (!stop.await(PERIOD_SECONDS, TimeUnit.SECONDS)) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      }
    } catch (IOException | InterruptedException e) {
      LOG.log(Level.WARNING, "heartbeat stopped: file={0}, reason={1}", file, e);
    }
  }

  @Override
  public void close() {
    stop.countDown();
  }
}
