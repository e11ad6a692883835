package dev.cairn.cli;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** What the process's exit status says. */
final class ExitCode {
  /** All went well. */
  static final int FINE = 0;

  /** The input differs, is corrupt or incomplete. */
  static final int BAD_INPUT = 1;

  /** Wrong usage, an input that is not there, or a target that is. */
  static final int USAGE = 2;

  /** Disk, peer, missing device, or any other failure of the work itself. */
  static final int FAILURE = 3;

  private ExitCode() {}

  /** Returns the status for a command that ended with this failure. */
  static int of(Throwable failure) {
    if (failure instanceof DemoFailedException rank) {
      return rank.exitCode();
    }
    if (failure instanceof CorruptFileException) {
      return BAD_INPUT;
    }
    if (failure instanceof FileAlreadyExistsException
        || failure instanceof NoSuchFileException
        || failure instanceof IllegalArgumentException) {
      return USAGE;
    }
    // A failed save keeps its cause: a corrupt source stays a corrupt source.
    if (failure instanceof IOException && failure.getCause() instanceof IOException cause) {
      return of(cause);
    }
    return FAILURE;
  }
}
