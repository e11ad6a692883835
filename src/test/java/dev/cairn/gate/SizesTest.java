package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and packages stay so small that a reader sees what they are about. */
class SizesTest {
  private static final int MOST_LINES = 300;
  private static final int MOST_FILES = 25;
  private static final Pattern SOURCE = Pattern.compile("(?!.*/target/).*\\.(java|py|cpp|h|cu)");

  /** Longer files, with what they may have at most: to be split by the next who changes them. */
  private static final Map<String, Integer> LONG_FILES = Map.of();

  /** Larger packages, likewise. */
  private static final Map<String, Integer> LARGE_PACKAGES = Map.of();

  @TempDir private Path folder;

  @Test
  void noFileIsTooLong() throws IOException {
    Map<String, Integer> lines = new TreeMap<>();
    for (String tree : new String[] {"src", "benchmarks", "native"}) {
      lines.putAll(lines(Path.of(tree)));
    }
    assertTrue(lines.size() > 800, () -> "files: " + lines.size());
    assertKept(LONG_FILES, over(lines, MOST_LINES));
  }

  @Test
  void noPackageIsTooLarge() throws IOException {
    Map<String, Integer> files = files(Path.of("src"));
    files.putAll(files(Path.of("benchmarks")));
    for (String tree : new String[] {"src/main", "src/test", "src/jcstress", "benchmarks"}) {
      assertTrue(files.keySet().stream().anyMatch(name -> name.startsWith(tree)), tree);
    }
    assertTrue(files.size() > 90, files::toString);
    assertKept(LARGE_PACKAGES, over(files, MOST_FILES));
  }

  @Test
  void longFilesAndLargePackagesAreFound() throws IOException {
    Path inner = Files.createDirectories(folder.resolve("a/b"));
    Files.writeString(inner.resolve("Long.java"), "\n".repeat(MOST_LINES + 1));
    for (int file = 0; file < MOST_FILES; file++) {
      Files.writeString(inner.resolve("Short" + file + ".java"), "\n".repeat(MOST_LINES));
    }
    assertEquals(
        Map.of(inner.resolve("Long.java").toString(), MOST_LINES + 1),
        over(lines(folder), MOST_LINES));
    assertEquals(Map.of(inner.toString(), MOST_FILES + 1), over(files(folder), MOST_FILES));
  }

  /** What is over has to be listed, within its own limit; what is listed has to be over. */
  private static void assertKept(Map<String, Integer> limits, Map<String, Integer> over) {
    Map<String, Integer> wrong = new TreeMap<>(over);
    wrong.entrySet().removeIf(one -> one.getValue() <= limits.getOrDefault(one.getKey(), 0));
    assertEquals(Map.of(), wrong, "too large");
    Map<String, Integer> needless = new TreeMap<>(limits);
    needless.keySet().removeAll(over.keySet());
    assertEquals(Map.of(), needless, "need not be listed any more");
  }

  private static Map<String, Integer> over(Map<String, Integer> counts, int most) {
    Map<String, Integer> over = new TreeMap<>(counts);
    over.values().removeIf(count -> count <= most);
    return over;
  }

  /** Returns how many lines each file of Java, Python, C++ or CUDA has. */
  private static Map<String, Integer> lines(Path tree) throws IOException {
    Map<String, Integer> lines = new TreeMap<>();
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (SOURCE.matcher(file.toString()).matches()) {
          lines.put(file.toString(), Files.readAllLines(file).size());
        }
      }
    }
    return lines;
  }

  /** Returns how many Java files each package has, by its folder. */
  private static Map<String, Integer> files(Path tree) throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.toString();
        if (SOURCE.matcher(name).matches() && name.endsWith(".java")) {
          counts.merge(file.getParent().toString(), 1, Integer::sum);
        }
      }
    }
    return counts;
  }
}
