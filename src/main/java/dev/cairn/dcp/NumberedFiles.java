package dev.cairn.dcp;

import dev.cairn.input.InputRefusal;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Files of a folder with the numbers of those who wrote them, of which none may be missing. */
final class NumberedFiles {
  private static final int MAX_FILES = 1_000_000;

  private NumberedFiles() {}

  /**
   * Returns the files in the order of their numbers, and of their names where several have one.
   *
   * @param name what they are called; the first group is the number
   * @param first the least number
   * @param missing returns what a file of a number is called
   * @return none if no file is called so
   * @throws CorruptFileException if a number is missing, or there are too many files
   */
  static List<Path> list(Path folder, Pattern name, int first, IntFunction<String> missing)
      throws IOException {
    TreeMap<Integer, TreeSet<Path>> files = new TreeMap<>();
    int count = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        Matcher matcher = name.matcher(entry.getFileName().toString());
        if (matcher.matches()) {
          int number = Integer.parseInt(matcher.group(1));
          files.computeIfAbsent(number, key -> new TreeSet<>()).add(entry);
          count++;
        }
        if (count > MAX_FILES) {
          throw new CorruptFileException("folder holds too many files: path=" + folder);
        }
      }
    }
    int expected = first;
    for (int number : files.keySet()) {
      if (number != expected) {
        throw InputRefusal.MISSING_PIECES.of(folder, "name", missing.apply(expected));
      }
      expected++;
    }
    return files.values().stream().flatMap(TreeSet::stream).toList();
  }
}
