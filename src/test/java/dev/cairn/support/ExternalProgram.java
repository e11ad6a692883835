package dev.cairn.support;

import java.io.IOException;

/** A program that a test needs and that may not be installed. */
public final class ExternalProgram {
  private ExternalProgram() {}

  /** Returns whether a command can be run and succeeds. */
  public static boolean succeeds(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
