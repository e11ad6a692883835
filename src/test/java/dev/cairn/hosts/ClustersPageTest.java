package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the page on clusters tells a trainer to do after a break is what the test of it does. */
class ClustersPageTest {
  private static final Path PAGE = Path.of("src/site/markdown/clusters.md");
  private static final Path RANK = Path.of("src/test/java/dev/cairn/hosts/HostRank.java");
  private static final Pattern JOINING_AGAIN =
      Pattern.compile("(?s)## After the network broke.*?```java\n(.*?)```");

  @Test
  void linesThatJoinAgainAreRunByHostsTest() throws IOException {
    Matcher shown = JOINING_AGAIN.matcher(Files.readString(PAGE));
    assertTrue(shown.find());
    String lines = shown.group(1).indent(4);
    assertEquals(10, lines.lines().count(), lines);
    assertTrue(Files.readString(RANK).contains(lines), lines);
  }
}
