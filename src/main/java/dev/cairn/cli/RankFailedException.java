package dev.cairn.cli;

import java.io.IOException;

/** A process of the demo failed; carries the exit status that its failure calls for. */
final class RankFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  RankFailedException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
