package dev.cairn.form;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What tensors a family's files have, as it follows from the config: {@code make_form_templates.py}
 * makes them of transformers' own models. Says nothing of a config that has anything the template
 * was not made for.
 */
final class Template {
  private final Map<String, Object> json;
  private final Set<String> harmless;
  private final Map<String, Object> values = new HashMap<>();

  private Template(Map<String, Object> json, List<String> ignored) {
    this.json = json;
    this.harmless = new HashSet<>(ignored);
    harmless.addAll(TransformJson.strings(json, "irrelevant"));
  }

  /** Read when a config is there that needs it. */
  private static final class Holder {
    private static final Map<String, Object> ALL = load();
  }

  private static Map<String, Object> load() {
    try (InputStream stream = Template.class.getResourceAsStream("templates.json")) {
      return Json.parseObject(stream.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the tensors of a model by name; empty if nothing certain is known of it.
   *
   * @param architecture of the config
   */
  static Optional<Map<String, ExpectedTensor>> expected(
      String architecture, Map<String, ?> config) {
    Map<String, Object> templates = object(Holder.ALL, "templates");
    if (!(templates.get(architecture) instanceof Map<?, ?>)) {
      return Optional.empty();
    }
    Template template =
        new Template(object(templates, architecture), TransformJson.strings(Holder.ALL, "ignored"));
    if (!template.fits(config)) {
      return Optional.empty();
    }
    try {
      return Optional.of(template.tensors());
    } catch (ArithmeticException e) { // a value that is no number, for example
      return Optional.empty();
    }
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, Object> object(Map<String, ?> json, String key) {
    return json.get(key) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  /** Returns whether all that the config says is known to the template. */
  private boolean fits(Map<String, ?> config) {
    Map<String, Object> said = new LinkedHashMap<>();
    flatten("", config, said);
    Map<String, Object> fixed = object(json, "fixed");
    Map<String, Object> defaults = object(json, "defaults");
    values.putAll(fixed);
    values.putAll(defaults);
    for (Map.Entry<String, Object> leaf : said.entrySet()) {
      String name = leaf.getKey();
      if (fixed.containsKey(name)) {
        if (!String.valueOf(fixed.get(name)).equals(String.valueOf(leaf.getValue()))) {
          return false;
        }
      } else if (defaults.containsKey(name)) {
        values.put(name, leaf.getValue());
      } else if (!isHarmless(name)) {
        return false;
      }
    }
    return true;
  }

  /** A name, or one inside an object that is harmless as a whole. */
  private boolean isHarmless(String name) {
    for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
      if (harmless.contains(name.substring(0, end))) {
        return true;
      }
    }
    return harmless.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  private static void flatten(String prefix, Map<String, ?> config, Map<String, Object> leaves) {
    config.forEach(
        (key, value) -> {
          String name = prefix.isEmpty() ? key : prefix + "." + key;
          if (value instanceof Map<?, ?> && !((Map<?, ?>) value).isEmpty()) {
            flatten(name, object(config, key), leaves);
          } else {
            leaves.put(name, value);
          }
        });
  }

  private Map<String, ExpectedTensor> tensors() {
    Map<String, ExpectedTensor> tensors = new LinkedHashMap<>();
    for (Map<String, Object> entry : TransformJson.objects(json, "tensors")) {
      if (holds(TransformJson.text(entry, "if"))) {
        List<String> names = List.of(TransformJson.text(entry, "name"));
        for (Map.Entry<String, Object> loop : object(entry, "loops").entrySet()) {
          names = counted(names, loop.getKey(), loop.getValue());
        }
        ExpectedTensor tensor =
            new ExpectedTensor(
                TransformJson.strings(entry, "shape").stream().map(this::dimension).toList());
        names.forEach(name -> tensors.put(name, tensor));
      }
    }
    return tensors;
  }

  private boolean holds(String condition) {
    if (condition.isEmpty()) {
      return true;
    }
    boolean isNegated = condition.startsWith("!");
    Object value = values.get(isNegated ? condition.substring(1) : condition);
    return Boolean.TRUE.equals(value) != isNegated;
  }

  /** Returns names with all numbers of a loop: from 0, or from {@code [from, to]}. */
  private List<String> counted(List<String> names, String variable, Object range) {
    long begin = range instanceof List<?> pair ? number((String) pair.get(0)) : 0;
    long end = number((String) (range instanceof List<?> pair ? pair.get(1) : range));
    if (end > 1_000_000) {
      throw new ArithmeticException("too many: " + end);
    }
    List<String> all = new ArrayList<>();
    for (String name : names) {
      for (long index = begin; index < end; index++) {
        all.add(name.replace("{" + variable + "}", Long.toString(index)));
      }
    }
    return all;
  }

  private long dimension(String expression) {
    return expression.equals("?") ? ExpectedTensor.ANY : number(expression);
  }

  private long number(String expression) {
    return Expression.value(
        expression,
        name -> {
          if (values.get(name) instanceof JsonNumber number) {
            return number.longValue();
          }
          throw new ArithmeticException("no number: " + name);
        });
  }
}
