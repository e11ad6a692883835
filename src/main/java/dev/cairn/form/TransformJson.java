package dev.cairn.form;

import dev.cairn.json.JsonNumber;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Transforms as JSON has them: in the table, and on their way from rank 0 to the others. */
final class TransformJson {
  private static final String OPERATION = "op";

  private TransformJson() {}

  static Map<String, Object> encode(Transform transform) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("kind", transform.kind().name().toLowerCase(Locale.ROOT));
    json.put("scope", transform.scope());
    json.put("base", transform.basePrefix());
    json.put("pattern", transform.pattern());
    json.put("sources", transform.sources());
    json.put("targets", transform.targets());
    json.put("operations", transform.operations().stream().map(TransformJson::encode).toList());
    return json;
  }

  private static Map<String, Object> encode(Transform.Operation operation) {
    Map<String, Object> json = new LinkedHashMap<>(operation.parameters());
    json.put(OPERATION, operation.name());
    return json;
  }

  static Transform decode(Map<String, Object> json) {
    return new Transform(
        Transform.Kind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        text(json, "scope"),
        text(json, "base"),
        text(json, "pattern"),
        strings(json, "sources"),
        strings(json, "targets"),
        objects(json, "operations").stream().map(TransformJson::operation).toList());
  }

  private static Transform.Operation operation(Map<String, Object> json) {
    Map<String, Object> parameters = new LinkedHashMap<>(json);
    parameters.remove(OPERATION);
    return new Transform.Operation(text(json, OPERATION), parameters);
  }

  /** Returns a text, empty if there is none. */
  static String text(Map<String, Object> json, String key) {
    return json.get(key) instanceof String text ? text : "";
  }

  static Map<String, String> texts(Map<String, Object> json, String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (json.get(key) instanceof Map<?, ?> map) {
      map.forEach((name, value) -> texts.put((String) name, (String) value));
    }
    return texts;
  }

  static Map<String, Long> numbers(Map<String, Object> json, String key) {
    Map<String, Long> numbers = new LinkedHashMap<>();
    if (json.get(key) instanceof Map<?, ?> map) {
      map.forEach((name, value) -> numbers.put((String) name, ((JsonNumber) value).longValue()));
    }
    return numbers;
  }

  static Set<String> names(Map<String, Object> json, String key) {
    return Set.copyOf(strings(json, key));
  }

  static List<String> strings(Map<String, Object> json, String key) {
    return json.get(key) instanceof List<?> list
        ? list.stream().map(String.class::cast).toList()
        : List.of();
  }

  @SuppressWarnings("unchecked") // the project's own files and messages
  static List<Map<String, Object>> objects(Map<String, Object> json, String key) {
    return json.get(key) instanceof List<?> list
        ? list.stream().map(entry -> (Map<String, Object>) entry).toList()
        : List.of();
  }
}
