package dev.cairn.cli.demo;

import dev.cairn.cli.text.ExitCode;
import dev.cairn.comm.Communicator;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ends a rank's process when the process that started it ends, however that happens, and lets a
 * save that is under way take its temporary folder with it.
 *
 * <p>The starter holds the other end of this process's standard input and never writes to it: its
 * end is the starter's end.
 */
final class ParentWatch {
  private static final int CLEANING_SECONDS = 10;

  private final Communicator communicator;
  private final CountDownLatch saved = new CountDownLatch(1);
  private volatile boolean isSaving;

  private ParentWatch(Communicator communicator) {
    this.communicator = communicator;
  }

  /** Starts to watch; {@code communicator} is borrowed. */
  static ParentWatch watch(Communicator communicator) {
    ParentWatch watch = new ParentWatch(communicator);
    Runtime.getRuntime().addShutdownHook(new Thread(watch::endSave, "cairn-end-save"));
    Thread watcher = new Thread(ParentWatch::awaitEndOfStarter, "cairn-parent-watch");
    watcher.setDaemon(true);
    watcher.start();
    return watch;
  }

  private static void awaitEndOfStarter() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is ever said; only the end counts.
      }
    } catch (IOException e) {
      System.err.println("cairn: standard input failed, ending: " + e.getMessage());
    }
    System.exit(ExitCode.FAILURE);
  }

  /** From here on until {@link #endSaving} the process does not end before its save has. */
  void beginSaving() {
    isSaving = true;
  }

  /** The save returned or threw; nothing is left to wait for. */
  void endSaving() {
    isSaving = false;
    saved.countDown();
  }

  private void endSave() {
    if (!isSaving) {
      return;
    }
    communicator.control().cancel("interrupted");
    try {
      if (!saved.await(CLEANING_SECONDS, TimeUnit.SECONDS)) {
        System.err.println(
            "cairn: the save did not end in time; the next save removes what it left");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
