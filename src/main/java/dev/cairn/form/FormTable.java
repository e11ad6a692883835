package dev.cairn.form;

import dev.cairn.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What transformers knows of its models, as data: {@code make_form_table.py} makes it. Any thread.
 *
 * <p>Of some two thousand entries a model needs a few, so they are looked for in the text, in which
 * each begins a line, and parsed one by one: all of it would take longer than planning a save.
 */
final class FormTable {
  private static final String CONVERSIONS = "conversions";
  private static final String CLASSES = "classes";
  private static final String AUTO = "auto";

  private final String text;
  private final Map<String, Optional<Object>> known = new HashMap<>();

  private FormTable(String text) {
    this.text = text;
  }

  /** Read when a config is there that needs it. */
  private static final class Holder {
    private static final FormTable TABLE = load();
  }

  static FormTable get() {
    return Holder.TABLE;
  }

  private static FormTable load() {
    try (InputStream stream = FormTable.class.getResourceAsStream("transformers.json")) {
      return new FormTable(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized Optional<Object> value(String section, String key) {
    return known.computeIfAbsent(section + "." + key, name -> parse(section, key));
  }

  /** Returns the value of a key in one of the sections: a line, or a list with a line for each. */
  private Optional<Object> parse(String section, String key) {
    int begin = text.indexOf("\n \"" + section + "\": {");
    int end = text.indexOf("\n }", begin);
    String start = "\n  \"" + key + "\": ";
    int found = text.indexOf(start, begin);
    if (begin < 0 || found < 0 || found > end) {
      return Optional.empty();
    }
    int from = found + start.length();
    boolean isLong = text.startsWith("[\n", from);
    int to = isLong ? text.indexOf("\n  ]", from) + 4 : text.indexOf('\n', from);
    String value = text.substring(from, to);
    String entry = value.endsWith(",") ? value.substring(0, value.length() - 1) : value;
    try {
      return Optional.of(Json.parse(entry.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException("the table has another layout: key=" + key, e);
    }
  }

  /** Returns the transforms under a key, which is a class's name or a model type. */
  @SuppressWarnings("unchecked") // the project's own file
  Optional<List<Transform>> conversions(String key) {
    Object found = value(CONVERSIONS, key).orElse(null);
    if (found instanceof String other) {
      return conversions(other);
    }
    return found instanceof List<?> list
        ? Optional.of(
            list.stream().map(entry -> TransformJson.decode((Map<String, Object>) entry)).toList())
        : Optional.empty();
  }

  /** Returns what is known of a class. */
  @SuppressWarnings("unchecked") // the project's own file
  Optional<ModelClass> find(String className) {
    return value(CLASSES, className)
        .map(json -> ModelClass.decode(className, (Map<String, Object>) json));
  }

  /** Returns the class that one of transformers' Auto classes makes for a config of some type. */
  Optional<String> auto(String autoClass, String modelType) {
    return value(AUTO, autoClass).orElse(Map.of()) instanceof Map<?, ?> classes
            && classes.get(modelType) instanceof String name
        ? Optional.of(name)
        : Optional.empty();
  }
}
