package dev.cairn.cli;

import java.io.IOException;

/** A demo failed; carries the exit status that its failure calls for. */
final class DemoFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  DemoFailedException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
