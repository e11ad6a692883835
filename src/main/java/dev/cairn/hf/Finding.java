package dev.cairn.hf;

import dev.cairn.tensor.CorruptFileException;
import java.util.List;

/**
 * One thing that is wrong with a model folder, or that its owner should know of.
 *
 * @param file the file, relative to the folder, or the path that was given
 * @param tensor the tensor, empty if it is about the whole file
 * @param problem what is wrong, with the numbers
 * @param isNote whether loaders do not mind
 */
public record Finding(String file, String tensor, String problem, boolean isNote) {
  /**
   * Something that loaders get wrong.
   *
   * @param file the file, relative to the folder, or the path that was given
   * @param tensor the tensor, empty if it is about the whole file
   * @param problem what is wrong, with the numbers
   */
  public Finding(String file, String tensor, String problem) {
    this(file, tensor, problem, false);
  }

  /** {@return the same as a note} */
  public Finding asNote() {
    return new Finding(file, tensor, problem, true);
  }

  /**
   * {@return those that loaders get wrong}
   *
   * @param findings notes among them
   */
  public static List<Finding> errors(List<Finding> findings) {
    return findings.stream().filter(finding -> !finding.isNote()).toList();
  }

  /**
   * {@return a finding about a whole file}
   *
   * @param file the file, relative to the folder
   * @param problem what is wrong, with the numbers
   */
  public static Finding of(String file, String problem) {
    return new Finding(file, "", problem);
  }

  /** A finding about a file whose reader has named it, with its whole path: that is left out. */
  static Finding of(String file, CorruptFileException e) {
    String message = e.getMessage();
    int refused = message.indexOf(": path=");
    if (refused >= 0) {
      return of(
          file, message.substring(0, refused) + message.substring(message.indexOf("; ", refused)));
    }
    int end = Math.max(message.lastIndexOf(", file="), message.lastIndexOf(": file="));
    return of(file, end < 0 ? message : message.substring(0, end));
  }

  /** Returns one line: problem, tensor, file. */
  @Override
  public String toString() {
    return (isNote ? "note: " : "")
        + problem
        + (tensor.isEmpty() ? "" : ", tensor=" + tensor)
        + ", file="
        + file;
  }
}
