package dev.cairn.tensor;

import java.io.IOException;

/** Bytes that are not what their format says: a damaged, cut or hostile file. */
public class CorruptFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates one with a message that names the file and what is wrong in it.
   *
   * @param message what is wrong, in which file
   */
  public CorruptFileException(String message) {
    super(message);
  }

  /**
   * Creates one that keeps its cause.
   *
   * @param message what is wrong, in which file
   * @param cause what noticed it
   */
  public CorruptFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
