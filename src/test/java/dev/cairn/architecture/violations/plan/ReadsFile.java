package dev.cairn.architecture.violations.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Touches a file, a clock and a thread from a package that must be pure. */
public final class ReadsFile {
  /** What was read. */
  public record Source(List<String> lines) {}

  /** Returns the lines of a file. */
  public static Source read(Path file) throws IOException {
    return new Source(Files.readAllLines(file));
  }

  /** Returns the time. */
  public static long nanos() {
    return System.nanoTime();
  }

  private ReadsFile() {}
}
