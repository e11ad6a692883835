package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Links of README and the site's pages lead to files, and to headings in them, that exist. */
class LinksTest {
  private static final Path README = Path.of("README.md");
  private static final Path PAGES = Path.of("src/site/markdown");
  private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^```.*?^```$");
  private static final Pattern CODE = Pattern.compile("`[^`\n]*`");
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern ELSEWHERE = Pattern.compile("[a-z]+:.*");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.*?) *#*$");
  private static final Pattern MENU = Pattern.compile("href=\"([\\w-]+)\\.html\"");

  @TempDir private Path folder;

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    int links = 0;
    List<String> broken = new ArrayList<>();
    for (Path page : pages()) {
      links += links(page).size();
      broken.addAll(broken(page));
    }
    assertEquals(List.of(), broken);
    assertTrue(links > 50, "links: " + links);
  }

  @Test
  void siteHasEveryPageInItsMenu() throws IOException {
    Set<String> named = new HashSet<>();
    Matcher matcher = MENU.matcher(Files.readString(Path.of("src/site/site.xml")));
    while (matcher.find()) {
      named.add(matcher.group(1));
    }
    named.remove("index"); // made of README
    Set<String> there =
        pages().stream()
            .filter(page -> page.startsWith(PAGES))
            .map(page -> page.getFileName().toString().replace(".md", ""))
            .collect(Collectors.toSet());
    assertEquals(there, named);
  }

  @Test
  void linksThatLeadNowhereAreNamed() throws IOException {
    Files.writeString(folder.resolve("other.md"), "# A page\n\n## What `it` needs, now\n");
    Path page = folder.resolve("page.md");
    Files.writeString(
        page,
        """
        # Here
        [fine](other.md) [fine](other.md#what-it-needs-now) [fine](#here) [fine](https://a.b/c)
        `[no link](nothing.md)`
        ```md
        [no link](nothing.md)
        ```
        [gone](gone.md) [no heading](other.md#gone) [not here](#gone) ![no picture](gone.svg)
        [`code`](gone.txt)
        """);
    assertEquals(
        List.of("gone.md", "other.md#gone", "#gone", "gone.svg", "gone.txt"),
        broken(page).stream().map(text -> text.replaceFirst(".*: ", "")).toList());
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> pages = Files.list(PAGES)) {
      return Stream.concat(Stream.of(README), pages.sorted()).toList();
    }
  }

  private static List<String> links(Path page) throws IOException {
    String text = CODE_BLOCK.matcher(Files.readString(page)).replaceAll("");
    Matcher matcher = LINK.matcher(CODE.matcher(text).replaceAll(""));
    List<String> links = new ArrayList<>();
    while (matcher.find()) {
      if (!ELSEWHERE.matcher(matcher.group(1)).matches()) {
        links.add(matcher.group(1));
      }
    }
    return links;
  }

  private static List<String> broken(Path page) throws IOException {
    List<String> broken = new ArrayList<>();
    for (String link : links(page)) {
      String[] parts = link.split("#", 2);
      Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
      if (!Files.exists(target) || (parts.length == 2 && !anchors(target).contains(parts[1]))) {
        broken.add(page + ": " + link);
      }
    }
    return broken;
  }

  /** Returns the anchors of a page's headings, as GitHub makes them. */
  private static Set<String> anchors(Path page) throws IOException {
    Map<String, Integer> counts = new HashMap<>();
    Set<String> anchors = new HashSet<>();
    Matcher matcher = HEADING.matcher(CODE_BLOCK.matcher(Files.readString(page)).replaceAll(""));
    while (matcher.find()) {
      String anchor =
          matcher
              .group(1)
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N}\\s_-]", "")
              .replace(' ', '-');
      int before = counts.merge(anchor, 1, Integer::sum) - 1;
      anchors.add(before == 0 ? anchor : anchor + "-" + before);
    }
    return anchors;
  }
}
