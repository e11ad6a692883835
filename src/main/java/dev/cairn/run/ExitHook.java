package dev.cairn.run;

import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Timeouts;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;

/**
 * Holds the end of the process until a save in the background has ended: committed if that takes
 * less than {@code CAIRN_EXIT_TIMEOUT_SECONDS}, 20 unless set, otherwise given up on every rank,
 * with nothing left behind.
 */
public final class ExitHook implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ExitHook.class.getName());
  private static final String VARIABLE = "CAIRN_EXIT_TIMEOUT_SECONDS";
  private static final Duration FINISHING = Duration.ofSeconds(20);
  private static final Duration CLEANING = Duration.ofSeconds(5);

  private final Background background;
  private final Control control;
  private final Duration finishing;
  private Thread hook;

  /**
   * Does nothing yet.
   *
   * @param variables an environment
   * @throws IllegalArgumentException if the timeout in it is not a positive number of seconds
   */
  public ExitHook(Background background, Control control, Map<String, String> variables) {
    this.background = background;
    this.control = control;
    this.finishing = Timeouts.seconds(variables, VARIABLE, FINISHING);
  }

  /** Hooks in, if it has not yet. */
  public synchronized void install() {
    if (hook == null) {
      Thread installed = new Thread(this::finish, "cairn-exit");
      Runtime.getRuntime().addShutdownHook(installed);
      hook = installed;
    }
  }

  private void finish() {
    try {
      if (background.awaitEnd(finishing)) {
        return;
      }
      control.cancel("the process ends");
      if (!background.awaitEnd(CLEANING)) {
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
