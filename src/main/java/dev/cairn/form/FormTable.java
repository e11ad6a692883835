package dev.cairn.form;

import dev.cairn.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What transformers knows of its models, as data: {@code make_form_table.py} makes it. Immutable;
 * any thread.
 */
final class FormTable {
  private final Map<String, Object> conversions;
  private final Map<String, Object> classes;
  private final Map<String, Object> autos;
  private final Map<String, Optional<ModelClass>> known = new HashMap<>();

  private FormTable(Map<String, Object> json) {
    conversions = object(json, "conversions");
    classes = object(json, "classes");
    autos = object(json, "auto");
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
      return new FormTable(Json.parseObject(stream.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("unchecked") // the project's own file
  private static Map<String, Object> object(Map<String, Object> json, String key) {
    return json.get(key) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  /** Returns the transforms under a key, which is a class's name or a model type. */
  @SuppressWarnings("unchecked") // the project's own file
  Optional<List<Transform>> conversions(String key) {
    Object found = conversions.get(key);
    if (found instanceof String other) {
      return conversions(other);
    }
    return found instanceof List<?> list
        ? Optional.of(
            list.stream().map(entry -> TransformJson.decode((Map<String, Object>) entry)).toList())
        : Optional.empty();
  }

  /** Returns what is known of a class. */
  synchronized Optional<ModelClass> find(String className) {
    return known.computeIfAbsent(
        className,
        name ->
            classes.get(name) instanceof Map<?, ?>
                ? Optional.of(ModelClass.decode(name, object(classes, name)))
                : Optional.empty());
  }

  /** Returns the class that one of transformers' Auto classes makes for a config of some type. */
  Optional<String> auto(String autoClass, String modelType) {
    return object(autos, autoClass).get(modelType) instanceof String name
        ? Optional.of(name)
        : Optional.empty();
  }
}
