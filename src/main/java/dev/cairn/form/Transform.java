package dev.cairn.form;

import dev.cairn.json.JsonFields;
import dev.cairn.json.JsonNumber;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One step from the form in memory to the published one, as transformers takes it when it saves.
 *
 * @param kind what it does
 * @param scope the part of the model that it is about, a path of attributes; empty for all of it
 * @param basePrefix what may stand before the scope
 * @param pattern of names in memory, one group {@code g0, g1, …} for each source
 * @param sources the patterns of those groups, as transformers knows them
 * @param targets what replaces the text that matched
 * @param operations of a conversion, in order
 */
record Transform(
    Kind kind,
    String scope,
    String basePrefix,
    String pattern,
    List<String> sources,
    List<String> targets,
    List<Operation> operations) {
  /** What a transform does. */
  enum Kind {
    /** Another name. */
    RENAME,
    /** Other names that depend on each other. */
    GROUP,
    /** A prefix more or less, or a name of old, if the published model has it so. */
    OPTIONAL,
    /** Tensors are split or joined. */
    CONVERT
  }

  /**
   * A splitting or joining.
   *
   * @param name of transformers' class
   * @param parameters its arguments
   */
  record Operation(String name, Map<String, Object> parameters) {
    int dimension() {
      return number("dim");
    }

    /** Returns whether it depends on the config. */
    boolean asksConfig() {
      return parameters.containsKey("num_shards_attribute")
          || parameters.containsKey("permute_layer_names");
    }

    /** Returns whether an argument is given, and true. */
    boolean is(String name) {
      return Boolean.TRUE.equals(parameters.get(name));
    }

    /** Returns the texts of an argument. */
    List<String> texts(String name) {
      return JsonFields.strings(parameters, name);
    }

    /** Returns an argument, 0 if it is not given. */
    int number(String name) {
      return parameters.get(name) instanceof JsonNumber number
          ? Math.toIntExact(number.longValue())
          : 0;
    }
  }

  Transform {
    sources = List.copyOf(sources);
    targets = List.copyOf(targets);
    operations = List.copyOf(operations);
  }

  /** Returns this transform for a part of a model. */
  Transform scoped(String path, String modelPrefix) {
    return new Transform(kind, path, modelPrefix, pattern, sources, targets, operations);
  }

  /** Returns how much of a name stands before what the pattern is about; -1 if it is not. */
  int prefixLength(String name) {
    if (scope.isEmpty() && basePrefix.isEmpty()) {
      return 0;
    }
    String inner = scope.isEmpty() ? "" : scope + ".";
    String outer = basePrefix.isEmpty() ? inner : basePrefix + "." + inner;
    if (name.startsWith(outer)) {
      return outer.length();
    }
    return name.startsWith(inner) ? inner.length() : -1;
  }

  /**
   * Returns what operations may ask a config for: its numbers, the text config's by their names.
   */
  static Map<String, Long> numbers(Map<String, ?> config) {
    Map<String, Long> numbers = new HashMap<>();
    addNumbers("", config, numbers);
    if (config.get("text_config") instanceof Map<?, ?> text) {
      addNumbers("", text, numbers);
    }
    return numbers;
  }

  private static void addNumbers(String prefix, Map<?, ?> json, Map<String, Long> numbers) {
    json.forEach(
        (name, value) -> {
          JsonNumber.whole(value).ifPresent(number -> numbers.put(prefix + name, number));
          if (value instanceof Map<?, ?> inner) {
            addNumbers(prefix + name + ".", inner, numbers);
          }
        });
  }
}
