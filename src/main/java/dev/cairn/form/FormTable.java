package dev.cairn.form;

import dev.cairn.json.JsonEntries;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What transformers knows of its models, as data: {@code make_form_table.py} makes it. Any thread.
 */
final class FormTable {
  private static final String CONVERSIONS = "conversions";
  private static final String CLASSES = "classes";
  private static final String AUTO = "auto";

  private final JsonEntries entries;
  private final List<Transform> legacy;

  private FormTable(JsonEntries entries) {
    this.entries = entries;
    this.legacy = conversions("legacy").orElseThrow();
  }

  /** Read when a config is there that needs it. */
  private static final class Holder {
    private static final FormTable TABLE =
        new FormTable(JsonEntries.ofResource(FormTable.class, "transformers.json"));
  }

  static FormTable get() {
    return Holder.TABLE;
  }

  /** Returns the transforms under a key, which is a class's name or a model type. */
  @SuppressWarnings("unchecked") // the project's own file
  Optional<List<Transform>> conversions(String key) {
    Object found = entries.find(CONVERSIONS, key).orElse(null);
    if (found instanceof String other) {
      return conversions(other);
    }
    return found instanceof List<?> list
        ? Optional.of(
            list.stream().map(entry -> TransformJson.decode((Map<String, Object>) entry)).toList())
        : Optional.empty();
  }

  /** Returns the transforms of names that files of old have: of all models, and optional. */
  List<Transform> legacy() {
    return legacy;
  }

  /** Returns what is known of a class. */
  @SuppressWarnings("unchecked") // the project's own file
  Optional<ModelClass> find(String className) {
    return entries
        .find(CLASSES, className)
        .map(json -> ModelClass.decode(className, (Map<String, Object>) json));
  }

  /** Returns the class that one of transformers' Auto classes makes for a config of some type. */
  Optional<String> auto(String autoClass, String modelType) {
    return entries.find(AUTO, autoClass).orElse(Map.of()) instanceof Map<?, ?> classes
            && classes.get(modelType) instanceof String name
        ? Optional.of(name)
        : Optional.empty();
  }
}
