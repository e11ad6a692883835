package dev.cairn.peft;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Finds the entry of a pattern map that a module's name ends on, as PEFT's get_pattern_key does.
 */
final class ModulePatterns {
  private ModulePatterns() {}

  /** Returns the value of the first pattern that matches, in the map's order. */
  static OptionalDouble find(Map<String, Double> patterns, String module) {
    for (Map.Entry<String, Double> entry : patterns.entrySet()) {
      if (compile("(.*\\.)?(" + entry.getKey() + ")").matcher(module).matches()) {
        return OptionalDouble.of(entry.getValue());
      }
    }
    return OptionalDouble.empty();
  }

  /** Compiles an expression of Python's {@code re}. */
  static Pattern compile(String expression) {
    try {
      return Pattern.compile(expression.replace("(?P<", "(?<").replace("\\Z", "\\z"));
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "bad adapter config: expression=" + expression + ", " + e.getDescription(), e);
    }
  }
}
