package dev.cairn.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the page for trainers shows of the example stands there, word for word. */
class TrainersPageTest {
  private static final Path EXAMPLE = Path.of("src/test/java/dev/cairn/example");
  private static final Path PAGE = Path.of("src/site/markdown/trainers.md");
  private static final Pattern SECTION =
      Pattern.compile("(?ms)^## (?:Bytedeco PyTorch|Slices of tensor parallelism)$(.*?)(?=^## )");
  private static final Pattern JAVA = Pattern.compile("(?s)```java\n(.*?)```");

  @Test
  void snippetsAreTakenFromTheExample() throws IOException {
    Matcher section = SECTION.matcher(Files.readString(PAGE));
    int sections = 0;
    int snippets = 0;
    for (; section.find(); sections++) {
      Matcher snippet = JAVA.matcher(section.group(1));
      for (; snippet.find(); snippets++) {
        String shown = snippet.group(1);
        assertTrue(sources().stream().anyMatch(source -> source.contains(shown)), shown);
      }
    }
    assertEquals(2, sections);
    assertTrue(snippets >= 5, "snippets: " + snippets);
  }

  private static List<String> sources() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLE)) {
      return files.map(TrainersPageTest::read).toList();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
