package dev.cairn.form;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What a caller wants names in memory to be in the files: stronger than all else that is known.
 *
 * @param pattern of names in memory, searched
 * @param replacement of what matched, as {@link Matcher#appendReplacement} takes it: {@code $1}
 */
public record NameRule(Pattern pattern, String replacement) {
  /**
   * {@return the rule that a text says}
   *
   * @param text {@code REGEX=REPLACEMENT}
   * @throws IllegalArgumentException if it has no {@code =}, or no regular expression before it
   */
  public static NameRule parse(String text) {
    int equals = text.indexOf('=');
    if (equals <= 0) {
      throw new IllegalArgumentException(
          "bad renaming: \"" + text + "\", expected REGEX=REPLACEMENT");
    }
    try {
      Pattern pattern = Pattern.compile(text.substring(0, equals));
      String replacement = text.substring(equals + 1);
      requireGroups(text, pattern, replacement);
      return new NameRule(pattern, replacement);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "bad renaming: \"%s\": %s near index %d"
              .formatted(text, e.getDescription(), e.getIndex()),
          e);
    }
  }

  /** Tries the replacement on an empty text, which a pattern with a choice more matches. */
  private static void requireGroups(String text, Pattern pattern, String replacement) {
    Matcher matcher = Pattern.compile("(?:" + pattern.pattern() + ")|").matcher("");
    try {
      matcher.replaceFirst(replacement);
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "bad renaming: \"%s\": %s".formatted(text, e.getMessage()), e);
    }
  }

  /** Returns the new name, if the rule is about this one. */
  Optional<String> apply(String name) {
    Matcher matcher = pattern.matcher(name);
    return matcher.find() ? Optional.of(matcher.replaceFirst(replacement)) : Optional.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NameRule rule
        && rule.pattern.pattern().equals(pattern.pattern())
        && rule.replacement.equals(replacement);
  }

  @Override
  public int hashCode() {
    return pattern.pattern().hashCode() * 31 + replacement.hashCode();
  }

  @Override
  public String toString() {
    return pattern + "=" + replacement;
  }
}
