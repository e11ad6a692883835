package dev.cairn.json;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Fields of the project's own files and messages, whose types are known. Pure. */
public final class JsonFields {
  private JsonFields() {}

  /**
   * {@return a text; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  public static String text(Map<String, Object> json, String key) {
    return json.get(key) instanceof String text ? text : "";
  }

  /**
   * {@return an object of texts; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  public static Map<String, String> texts(Map<String, Object> json, String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (json.get(key) instanceof Map<?, ?> map) {
      map.forEach((name, value) -> texts.put((String) name, (String) value));
    }
    return texts;
  }

  /**
   * {@return an object of whole numbers; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  public static Map<String, Long> numbers(Map<String, Object> json, String key) {
    Map<String, Long> numbers = new LinkedHashMap<>();
    if (json.get(key) instanceof Map<?, ?> map) {
      map.forEach((name, value) -> numbers.put((String) name, ((JsonNumber) value).longValue()));
    }
    return numbers;
  }

  /**
   * {@return the different texts of a list; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  public static Set<String> names(Map<String, Object> json, String key) {
    return Set.copyOf(strings(json, key));
  }

  /**
   * {@return a list of texts; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  public static List<String> strings(Map<String, Object> json, String key) {
    return json.get(key) instanceof List<?> list
        ? list.stream().map(String.class::cast).toList()
        : List.of();
  }

  /**
   * {@return a list of objects; empty if there is none}
   *
   * @param json the object that has it
   * @param key its key
   */
  @SuppressWarnings("unchecked") // the caller's own files and messages
  public static List<Map<String, Object>> objects(Map<String, Object> json, String key) {
    return json.get(key) instanceof List<?> list
        ? list.stream().map(entry -> (Map<String, Object>) entry).toList()
        : List.of();
  }
}
