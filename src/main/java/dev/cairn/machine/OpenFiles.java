package dev.cairn.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How many files and sockets this process may have open at once. */
public final class OpenFiles {
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final Pattern ROW = Pattern.compile("Max open files +([0-9]+) .*");

  private OpenFiles() {}

  /** {@return the limit, which the JVM has raised as far as it may; nothing if there is none} */
  public static OptionalLong limit() {
    try {
      return limit(Files.readAllLines(LIMITS));
    } catch (IOException notLinux) {
      return OptionalLong.empty();
    }
  }

  static OptionalLong limit(List<String> rows) {
    return rows.stream()
        .map(ROW::matcher)
        .filter(Matcher::matches)
        .mapToLong(row -> Long.parseLong(row.group(1)))
        .findFirst();
  }
}
