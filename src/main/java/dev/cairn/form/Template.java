package dev.cairn.form;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What tensors a family's files have, as it follows from the config: {@code make_form_templates.py}
 * makes them of transformers' own models, and {@code form_templates.py} says how they are read.
 * Says nothing of a config that has anything the template was not made for.
 */
final class Template {
  private static final long MOST_TENSORS = 1_000_000;
  private static final String LABELS = "id2label";

  private final Map<String, Object> json;
  private final Set<String> ignored;
  private final Map<String, ?> config;

  private Template(Map<String, Object> json, Set<String> ignored, Map<String, ?> config) {
    this.json = json;
    this.ignored = ignored;
    this.config = config;
  }

  /** Read when a config is there that needs it. */
  private static final class Holder {
    private static final Map<String, Object> ALL = load();
    private static final Set<String> IGNORED = Set.copyOf(TransformJson.strings(ALL, "ignored"));
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
   * @param config with one architecture
   * @param names that are given, for families that are published under one name or another
   */
  static Optional<Map<String, ExpectedTensor>> expected(
      Map<String, ?> config, Collection<String> names) {
    if (!(config.get("architectures") instanceof List<?> architectures)
        || architectures.size() != 1
        || !(architectures.get(0) instanceof String architecture)) {
      return Optional.empty();
    }
    Map<String, Object> templates = object(Holder.ALL, "templates");
    if (!(templates.get(architecture) instanceof Map<?, ?>)) {
      return Optional.empty();
    }
    Template template = new Template(object(templates, architecture), Holder.IGNORED, config);
    try {
      return Optional.of(template.best(new HashSet<>(names)));
    } catch (TemplateValues.UnknownException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, Object> object(Map<String, ?> from, String key) {
    return from.get(key) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  /** Returns the variant that has most of the given names. */
  private Map<String, ExpectedTensor> best(Set<String> names) {
    TemplateValues values = values();
    int variants = json.get("variants") instanceof JsonNumber number ? (int) number.longValue() : 1;
    Map<String, ExpectedTensor> best = tensors(values, 0);
    for (int variant = 1; variant < variants; variant++) {
      Map<String, ExpectedTensor> other = tensors(values, variant);
      best = hits(other, names) > hits(best, names) ? other : best;
    }
    return best;
  }

  private static long hits(Map<String, ExpectedTensor> tensors, Set<String> names) {
    return tensors.keySet().stream().filter(names::contains).count();
  }

  /** Returns the config's values, if the template was made for all of them. */
  private TemplateValues values() {
    Map<String, Object> said = new LinkedHashMap<>();
    flatten("", config, said);
    Map<String, Object> defaults = object(json, "defaults");
    Set<String> irrelevant = Set.copyOf(TransformJson.strings(json, "irrelevant"));
    said.keySet().removeIf(name -> isHarmless(name, irrelevant));
    for (String name : said.keySet()) {
      if (!defaults.containsKey(name)) {
        throw new TemplateValues.UnknownException(name);
      }
    }
    boolean saysSizes = said.values().stream().anyMatch(JsonNumber.class::isInstance);
    if (!saysSizes) { // a stub: nobody means a model of the default sizes
      throw new TemplateValues.UnknownException("no sizes");
    }
    TemplateValues values = new TemplateValues(said, defaults, object(json, "null"));
    object(json, "fixed")
        .forEach(
            (name, fixed) -> {
              boolean isExpression = fixed instanceof String text && text.startsWith("=");
              Object wanted =
                  isExpression
                      ? JsonNumber.of(values.number(((String) fixed).substring(1)))
                      : fixed;
              if (!TemplateValues.isSame(values.of(name), wanted)) {
                throw new TemplateValues.UnknownException(name);
              }
            });
    object(json, "kinds")
        .forEach(
            (name, words) -> {
              boolean isKnown =
                  values.of(name) instanceof List<?> list && ((List<?>) words).containsAll(list);
              if (!isKnown) {
                throw new TemplateValues.UnknownException(name);
              }
            });
    return values;
  }

  private boolean isHarmless(String name, Set<String> irrelevant) {
    for (String key : name.split("\\.", -1)) {
      if (ignored.contains(key)) {
        return true;
      }
    }
    for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
      if (irrelevant.contains(name.substring(0, end))) {
        return true;
      }
    }
    return false;
  }

  private static void flatten(String prefix, Map<String, ?> from, Map<String, Object> leaves) {
    from.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> map) {
            if (key.equals(LABELS)) {
              leaves.put(prefix + key, JsonNumber.of(map.size()));
            } else {
              flatten(prefix + key + ".", object(from, key), leaves);
            }
          } else {
            leaves.put(prefix + key, value);
          }
        });
  }

  private Map<String, ExpectedTensor> tensors(TemplateValues values, int variant) {
    Map<String, ExpectedTensor> tensors = new LinkedHashMap<>();
    for (Map<String, Object> entry : TransformJson.objects(json, "tensors")) {
      if (!values.holds(TransformJson.text(entry, "if"))) {
        continue;
      }
      List<String> names = new ArrayList<>();
      for (Object name : (List<?>) entry.get("names")) {
        names.add((String) (name instanceof List<?> each ? each.get(variant) : name));
      }
      for (Map.Entry<String, Object> loop : object(entry, "loops").entrySet()) {
        names = counted(names, loop.getKey(), numbers(loop.getValue(), values));
      }
      if (!names.isEmpty()) {
        ExpectedTensor tensor = new ExpectedTensor(dimensions(entry, values));
        for (String name : names) {
          if (tensors.put(name, tensor) != null) {
            throw new TemplateValues.UnknownException(name);
          }
        }
      }
    }
    return tensors;
  }

  private static List<Long> dimensions(Map<String, Object> entry, TemplateValues values) {
    List<Long> dimensions = new ArrayList<>();
    for (Object size : (List<?>) entry.get("shape")) {
      long dimension = size.equals("?") ? ExpectedTensor.ANY : values.number(size);
      if (dimension == 0) {
        throw new TemplateValues.UnknownException("a tensor of no elements");
      }
      dimensions.add(dimension);
    }
    return dimensions;
  }

  /** Returns names with all numbers in the place of a variable. */
  private static List<String> counted(List<String> names, String variable, List<Long> numbers) {
    if (names.size() * (long) numbers.size() > MOST_TENSORS) {
      throw new TemplateValues.UnknownException("too many tensors");
    }
    List<String> all = new ArrayList<>();
    for (String name : names) {
      for (long number : numbers) {
        all.add(name.replace("{" + variable + "}", Long.toString(number)));
      }
    }
    return all;
  }

  /** Returns what a loop's variable runs through. */
  private static List<Long> numbers(Object loop, TemplateValues values) {
    List<Long> numbers = new ArrayList<>();
    if (loop instanceof String text && text.contains("=")) {
      String leaf = text.substring(0, text.indexOf('='));
      String word = text.substring(text.indexOf('=') + 1);
      boolean isOther = leaf.endsWith("!");
      Object list = values.of(isOther ? leaf.substring(0, leaf.length() - 1) : leaf);
      if (!(list instanceof List<?> words)) {
        throw new TemplateValues.UnknownException(leaf);
      }
      for (int index = 0; index < words.size(); index++) {
        if (word.equals(words.get(index)) != isOther) {
          numbers.add((long) index);
        }
      }
      return numbers;
    }
    long begin = loop instanceof List<?> range ? values.number(range.get(0)) : 0;
    long end = values.number(loop instanceof List<?> range ? range.get(1) : loop);
    if (end > MOST_TENSORS) {
      throw new TemplateValues.UnknownException("too many tensors");
    }
    for (long number = begin; number < end; number++) {
      numbers.add(number);
    }
    return numbers;
  }
}
