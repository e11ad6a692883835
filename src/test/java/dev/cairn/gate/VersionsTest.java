package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Versions are the POM's; pages that name one name that. */
class VersionsTest {
  private static final Path PAGE = Path.of("src/site/markdown/trainers.md");

  private static String first(Path file, String pattern) throws IOException {
    Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(file));
    assertTrue(matcher.find(), () -> file + " has no " + pattern);
    return matcher.group(1);
  }

  private static String property(String name) throws IOException {
    return first(Path.of("pom.xml"), "<" + Pattern.quote(name) + ">([^<]+)<");
  }

  @Test
  void whatItIsTestedWithIsWhatItIsBuiltWith() throws IOException {
    Map<String, String> rows =
        Map.of(
            "JavaCPP", "javacpp.version",
            "Bytedeco PyTorch", "pytorch.version",
            "Bytedeco CUDA", "cuda.version",
            "Jackson Core", "jackson.version",
            "picocli, for the command line", "picocli.version");
    for (Map.Entry<String, String> row : rows.entrySet()) {
      String named = first(PAGE, "\\| " + row.getKey() + " \\| ([^ ]+) \\|");
      assertEquals(property(row.getValue()), named, row.getKey());
    }
    assertEquals(property("pytorch.version"), first(PAGE, "pytorch-platform:([^`]+)`"));
  }

  @Test
  void dependencyIsOnThisVersion() throws IOException {
    String own = first(Path.of("pom.xml"), "<artifactId>cairn</artifactId>\\s*<version>([^<]+)<");
    assertEquals(own, first(PAGE, "<artifactId>cairn</artifactId>\\s*<version>([^<]+)<"));
  }
}
