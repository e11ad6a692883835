package dev.cairn.simulation.scheduling;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What has happened, line by line: calls, faults, messages and outcomes. Random names are numbered
 * in the order in which they appear, so that equal histories have equal traces.
 */
public final class Trace {
  /** The random part of a temporary name. */
  private static final Pattern RANDOM = Pattern.compile("(?<=\\.(?:tmp|old)-)[0-9a-f]{8,}");

  private final List<String> lines = new ArrayList<>();
  private final Map<String, String> numbers = new HashMap<>();

  /** Adds a line. */
  public void add(String line) {
    lines.add(line);
  }

  /** Returns a text with a number in the place of every random name. */
  public String stable(String text) {
    if (text == null || (text.indexOf(".tmp-") < 0 && text.indexOf(".old-") < 0)) {
      return text;
    }
    Matcher matcher = RANDOM.matcher(text);
    StringBuilder result = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(
          result, numbers.computeIfAbsent(matcher.group(), key -> "n" + (100 + numbers.size())));
    }
    return matcher.appendTail(result).toString();
  }

  public List<String> lines() {
    return lines;
  }
}
