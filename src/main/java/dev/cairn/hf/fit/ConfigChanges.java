package dev.cairn.hf.fit;

import dev.cairn.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What has become of a config, in words: a line for each value. */
public final class ConfigChanges {
  private static final int LONGEST = 120;

  private final List<String> lines = new ArrayList<>();

  private ConfigChanges() {}

  /**
   * {@return how two configs differ}
   *
   * @param before a tree, as {@link Json} has it
   * @param after what it has become
   */
  public static List<String> between(Map<String, ?> before, Map<String, ?> after) {
    ConfigChanges changes = new ConfigChanges();
    changes.add("", before, after);
    return changes.lines;
  }

  /**
   * {@return whether a line is about the element type}
   *
   * @param line as {@link #between} returns it
   */
  public static boolean isOfDtype(String line) {
    return line.startsWith("dtype") || line.startsWith("torch_dtype");
  }

  private void add(String prefix, Map<?, ?> before, Map<?, ?> after) {
    Set<String> keys = new TreeSet<>();
    before.keySet().forEach(key -> keys.add((String) key));
    after.keySet().forEach(key -> keys.add((String) key));
    for (String key : keys) {
      Object old = before.get(key);
      Object now = after.get(key);
      boolean areObjects = old instanceof Map<?, ?> && now instanceof Map<?, ?>;
      if (areObjects && key.endsWith("_config")) {
        add(prefix + key + ".", (Map<?, ?>) old, (Map<?, ?>) now);
      } else if (!after.containsKey(key)) {
        lines.add("%s%s is dropped, was %s".formatted(prefix, key, text(old)));
      } else if (!before.containsKey(key)) {
        lines.add("%s%s=%s is new".formatted(prefix, key, text(now)));
      } else if (!text(old).equals(text(now))) {
        lines.add("%s%s=%s, was %s".formatted(prefix, key, text(now), text(old)));
      }
    }
  }

  private static String text(Object value) {
    String json =
        new String(
            Json.compact(Map.of("", List.of(value == null ? "" : value))), StandardCharsets.UTF_8);
    String text = value == null ? "null" : json.substring(5, json.length() - 2);
    return text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
  }
}
