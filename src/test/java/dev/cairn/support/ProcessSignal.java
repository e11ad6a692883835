package dev.cairn.support;

import java.io.IOException;

/** Signals to processes, sent by the shell, which is always there; the program kill may not be. */
public final class ProcessSignal {
  private ProcessSignal() {}

  /**
   * Sends a signal.
   *
   * @param name for example STOP
   * @throws IOException if there is no such process, or no such signal
   */
  public static void send(long pid, String name) throws IOException, InterruptedException {
    String command = "kill -" + name + " " + pid;
    int status = new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException("failed: " + command);
    }
  }
}
