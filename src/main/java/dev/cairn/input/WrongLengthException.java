package dev.cairn.input;

import dev.cairn.tensor.CorruptFileException;

/** A file that ends before, or goes on behind, what it says it holds. */
public final class WrongLengthException extends CorruptFileException {
  private static final long serialVersionUID = 1L;

  private final long expectedBytes;

  /** Creates one that knows how long the file ought to be, as far as could be read. */
  public WrongLengthException(String message, long expectedBytes) {
    super(message);
    this.expectedBytes = expectedBytes;
  }

  /** Returns how long the file ought to be. */
  public long expectedBytes() {
    return expectedBytes;
  }
}
