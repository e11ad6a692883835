package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What README.md and the page for trainers tell a reader to copy, as it stands there. */
final class ReadmeSnippets {
  private ReadmeSnippets() {}

  /** Returns the whole program that README begins with. */
  static String example() throws IOException {
    return first(Path.of("README.md"), "java");
  }

  /** Returns what a project's POM takes to use Cairn. */
  static String dependencies() throws IOException {
    return first(Path.of("src/site/markdown/trainers.md"), "xml");
  }

  private static String first(Path page, String language) throws IOException {
    Pattern block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL);
    Matcher matcher = block.matcher(Files.readString(page));
    assertTrue(matcher.find(), () -> page + " has no block of " + language);
    return matcher.group(1);
  }

  /** Returns the name of the class in a block of Java. */
  static String className(String source) {
    Matcher matcher = Pattern.compile("class (\\w+)").matcher(source);
    assertTrue(matcher.find(), "the example has no class");
    return matcher.group(1);
  }
}
