package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What README.md tells a reader to copy, as it stands there. */
public final class ReadmeSnippets {
  private ReadmeSnippets() {}

  /** Returns the first block of the language. */
  public static String first(String language) throws IOException {
    Pattern block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL);
    Matcher matcher = block.matcher(Files.readString(Path.of("README.md")));
    assertTrue(matcher.find(), () -> "README.md has no block of " + language);
    return matcher.group(1);
  }

  /** Returns the name of the class in a block of Java. */
  public static String className(String source) {
    Matcher matcher = Pattern.compile("class (\\w+)").matcher(source);
    assertTrue(matcher.find(), "the example has no class");
    return matcher.group(1);
  }
}
