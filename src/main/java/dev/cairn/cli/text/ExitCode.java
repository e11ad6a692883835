package dev.cairn.cli.text;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** What the process's exit status says. */
public final class ExitCode {
  /** All went well. */
  public static final int FINE = 0;

  /** The input differs, is corrupt or incomplete. */
  public static final int BAD_INPUT = 1;

  /** Wrong usage, an input that is not there, or a target that is. */
  public static final int USAGE = 2;

  /** Disk, peer, missing device, or any other failure of the work itself. */
  public static final int FAILURE = 3;

  private ExitCode() {}

  /** Returns the status for a command that ended with this failure. */
  public static int of(Throwable failure) {
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
