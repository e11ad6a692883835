package dev.cairn.gate;

import java.util.ArrayList;
import java.util.List;

/** What a JVM under {@code -Xcheck:jni} found wrong, with the frame in which it happened. */
record JniWarnings(List<Warning> warnings) {
  /**
   * One finding.
   *
   * @param text what is wrong
   * @param frame the topmost Java frame, such as {@code dev.cairn.X.y(Native Method)}; empty when
   *     the JVM shows none
   */
  record Warning(String text, String frame) {}

  private static final String FRAME = "\tat ";

  /** Returns the findings in a JVM's log. */
  static JniWarnings in(List<String> lines) {
    List<Warning> warnings = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.contains("WARNING in native method") || line.contains("FATAL ERROR in native")) {
        String next = i + 1 < lines.size() ? lines.get(i + 1) : "";
        warnings.add(
            new Warning(line, next.startsWith(FRAME) ? next.substring(FRAME.length()) : ""));
      }
    }
    return new JniWarnings(warnings);
  }

  /** Returns the findings whose frame does not begin with any of the known prefixes. */
  List<Warning> unknown(List<String> knownPrefixes) {
    return warnings.stream()
        .filter(warning -> knownPrefixes.stream().noneMatch(warning.frame()::startsWith))
        .toList();
  }
}
