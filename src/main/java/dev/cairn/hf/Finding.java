package dev.cairn.hf;

/**
 * One thing that is wrong with a model folder.
 *
 * @param file the file, relative to the folder, or the path that was given
 * @param tensor the tensor, empty if it is about the whole file
 * @param problem what is wrong, with the numbers
 */
public record Finding(String file, String tensor, String problem) {
  /** Returns a finding about a whole file. */
  public static Finding of(String file, String problem) {
    return new Finding(file, "", problem);
  }

  /** Returns one line: problem, tensor, file. */
  @Override
  public String toString() {
    return problem + (tensor.isEmpty() ? "" : ", tensor=" + tensor) + ", file=" + file;
  }
}
