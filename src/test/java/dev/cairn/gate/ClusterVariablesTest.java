package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page on clusters lists every variable of Cairn's own that the sources read, and no other. */
class ClusterVariablesTest {
  private static final Path PAGE = Path.of("src/site/markdown/clusters.md");
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern READ = Pattern.compile("\"(CAIRN_[A-Z_]+)\"");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(CAIRN_[A-Z_]+)` \\| [^|]+ \\| .+\\|$");

  private static Set<String> found(Pattern pattern, String text) {
    Set<String> found = new TreeSet<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  @Test
  void tableOfVariablesIsComplete() throws IOException {
    Set<String> read = new TreeSet<>();
    try (Stream<Path> paths = Files.walk(SOURCES)) {
      for (Path source : paths.filter(path -> path.toString().endsWith(".java")).toList()) {
        read.addAll(found(READ, Files.readString(source)));
      }
    }
    assertTrue(read.size() > 8, read::toString);
    assertEquals(read, found(ROW, Files.readString(PAGE)));
  }
}
