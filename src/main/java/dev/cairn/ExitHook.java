package dev.cairn;

import dev.cairn.comm.Control;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Holds the end of the process until a save in the background has ended: committed if that takes
 * less than 20 seconds, otherwise given up on every rank, with nothing left behind.
 */
final class ExitHook implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ExitHook.class.getName());
  private static final long FINISHING_SECONDS = 20;
  private static final long CLEANING_SECONDS = 5;

  private final Background background;
  private final Control control;
  private Thread hook;

  ExitHook(Background background, Control control) {
    this.background = background;
    this.control = control;
  }

  /** Hooks in, if it has not yet. */
  synchronized void install() {
    if (hook == null) {
      Thread installed = new Thread(this::finish, "cairn-exit");
      Runtime.getRuntime().addShutdownHook(installed);
      hook = installed;
    }
  }

  private void finish() {
    try {
      if (background.awaitEnd(FINISHING_SECONDS)) {
        return;
      }
      control.cancel("the process ends");
      if (!background.awaitEnd(CLEANING_SECONDS)) {
        LOG.log(Level.WARNING, "a save did not end in time; the next save removes what it left");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public synchronized void close() {
    if (hook != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        LOG.log(Level.DEBUG, "the process is ending: {0}", e.getMessage());
      }
      hook = null;
    }
  }
}
