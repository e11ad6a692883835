package dev.cairn.cli.text;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether results have come out of the process. */
public final class StandardOutput {
  private static final Path LINK = Path.of("/proc/self/fd/1");

  private StandardOutput() {}

  /**
   * Returns whether something that was printed is lost, on a full disk for example. A reader that
   * has left a pipe, as {@code head} does, has read all that it wanted.
   *
   * @param out through which everything was printed
   */
  public static boolean isLost(PrintWriter out) {
    return out.checkError() && !isPipe();
  }

  private static boolean isPipe() {
    try {
      String target = Files.readSymbolicLink(LINK).toString();
      return target.startsWith("pipe:") || target.startsWith("socket:");
    } catch (IOException e) { // nobody can tell: a loss is told
      return false;
    }
  }
}
