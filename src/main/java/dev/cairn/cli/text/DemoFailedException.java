package dev.cairn.cli.text;

import java.io.IOException;

/** A demo failed; carries the exit status that its failure calls for. */
public final class DemoFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  public DemoFailedException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
