package dev.cairn.gate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  private static final Pattern WRITER = Pattern.compile("<writer thread='(\\d+)'/>");

  /** Returns the findings in a JVM's log, in which the lines of several threads may alternate. */
  static JniWarnings in(List<String> log) {
    Map<String, List<String>> linesByThread = new LinkedHashMap<>();
    String thread = "";
    for (String line : log) {
      Matcher writer = WRITER.matcher(line);
      if (writer.matches()) {
        thread = writer.group(1);
      } else {
        linesByThread.computeIfAbsent(thread, none -> new ArrayList<>()).add(line);
      }
    }
    List<Warning> warnings = new ArrayList<>();
    linesByThread.values().forEach(lines -> addAll(warnings, lines));
    return new JniWarnings(warnings);
  }

  private static void addAll(List<Warning> warnings, List<String> lines) {
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.contains("WARNING in native method") || line.contains("FATAL ERROR in native")) {
        String next = i + 1 < lines.size() ? lines.get(i + 1) : "";
        warnings.add(
            new Warning(line, next.startsWith(FRAME) ? next.substring(FRAME.length()) : ""));
      }
    }
  }

  /** Returns the findings whose frame does not begin with any of the known prefixes. */
  List<Warning> unknown(List<String> knownPrefixes) {
    return warnings.stream()
        .filter(warning -> knownPrefixes.stream().noneMatch(warning.frame()::startsWith))
        .toList();
  }
}
