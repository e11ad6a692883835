package dev.cairn.hf;

import dev.cairn.tensor.CorruptFileException;

/**
 * One thing that is wrong with a model folder.
 *
 * @param file the file, relative to the folder, or the path that was given
 * @param tensor the tensor, empty if it is about the whole file
 * @param problem what is wrong, with the numbers
 */
public record Finding(String file, String tensor, String problem) {
  /**
   * {@return a finding about a whole file}
   *
   * @param file the file, relative to the folder
   * @param problem what is wrong, with the numbers
   */
  public static Finding of(String file, String problem) {
    return new Finding(file, "", problem);
  }

  /** A finding about a file whose reader has named it, with its whole path, at the end. */
  static Finding of(String file, CorruptFileException e) {
    String message = e.getMessage();
    int end = Math.max(message.lastIndexOf(", file="), message.lastIndexOf(": file="));
    return of(file, end < 0 ? message : message.substring(0, end));
  }

  /** Returns one line: problem, tensor, file. */
  @Override
  public String toString() {
    return problem + (tensor.isEmpty() ? "" : ", tensor=" + tensor) + ", file=" + file;
  }
}
