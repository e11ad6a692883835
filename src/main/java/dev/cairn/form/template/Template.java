package dev.cairn.form.template;

import dev.cairn.json.JsonEntries;
import dev.cairn.json.JsonFields;
import dev.cairn.json.JsonNumber;
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
public final class Template {
  private static final String LABELS = "id2label";
  private static final String TENSORS = "tensors";

  private final Map<String, Object> json;
  private final List<Map<String, Object>> entries;
  private final Set<String> ignored;
  private final Map<String, ?> config;

  private Template(
      Map<String, Object> json,
      List<Map<String, Object>> entries,
      Set<String> ignored,
      Map<String, ?> config) {
    this.json = json;
    this.entries = entries;
    this.ignored = ignored;
    this.config = config;
  }

  /** Read when a config is there that needs it. */
  private static final class Holder {
    private static final JsonEntries ALL =
        JsonEntries.ofResource(Template.class, "/dev/cairn/form/templates.json");
    private static final Set<String> IGNORED = ignored();

    private static Set<String> ignored() {
      Set<String> ignored = new HashSet<>();
      ((List<?>) ALL.find("ignored").orElseThrow()).forEach(key -> ignored.add((String) key));
      return ignored;
    }
  }

  /**
   * {@return the tensors of a model by name; empty if nothing certain is known of it}
   *
   * @param config with one architecture
   * @param names that are given, for families that are published under one name or another
   */
  public static Optional<ExpectedModel> expected(Map<String, ?> config, Collection<String> names) {
    if (!(config.get("architectures") instanceof List<?> architectures)
        || architectures.size() != 1
        || !(architectures.get(0) instanceof String architecture)) {
      return Optional.empty();
    }
    Map<String, Object> json = family(architecture);
    if (json.isEmpty()) {
      return Optional.empty();
    }
    Template template = new Template(json, entries(json), Holder.IGNORED, config);
    try {
      return Optional.of(template.best(new HashSet<>(names)));
    } catch (TemplateValues.UnknownException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  /** Returns a family's template; an empty one if there is none. */
  private static Map<String, Object> family(String architecture) {
    return object(Holder.ALL.find("templates", architecture).orElse(null));
  }

  /** Returns a family's tensors, which may be those of another. */
  private static List<Map<String, Object>> entries(Map<String, Object> family) {
    return family.get(TENSORS) instanceof String other
        ? JsonFields.objects(family(other), TENSORS)
        : JsonFields.objects(family, TENSORS);
  }

  private static Map<String, Object> object(Map<String, ?> from, String key) {
    return object(from.get(key));
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, Object> object(Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  /** Returns the variant that has most of the given names. */
  private ExpectedModel best(Set<String> names) {
    TemplateValues values = values();
    int variants = json.get("variants") instanceof JsonNumber number ? (int) number.longValue() : 1;
    TemplateTensors made = new TemplateTensors(entries, values);
    int best = 0;
    Map<String, ExpectedTensor> tensors = made.of(best);
    for (int variant = 1; variant < variants; variant++) {
      Map<String, ExpectedTensor> other = made.of(variant);
      if (hits(other, names) > hits(tensors, names)) {
        best = variant;
        tensors = other;
      }
    }
    return new ExpectedModel(tensors, tied(best));
  }

  private static long hits(Map<String, ExpectedTensor> tensors, Set<String> names) {
    return tensors.keySet().stream().filter(names::contains).count();
  }

  private Set<String> tied(int variant) {
    Set<String> tied = new HashSet<>();
    if (json.get("tied") instanceof List<?> names) {
      names.forEach(name -> tied.add(TemplateTensors.ofVariant(name, variant)));
    }
    return tied;
  }

  /** Returns the config's values, if the template was made for all of them. */
  private TemplateValues values() {
    requireObjects();
    Map<String, Object> said = new LinkedHashMap<>();
    flatten("", config, said);
    Map<String, Object> defaults = object(json, "defaults");
    Set<String> irrelevant = Set.copyOf(JsonFields.strings(json, "irrelevant"));
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
    requireFixed(values);
    requireKinds(values);
    return values;
  }

  /** Refuses a config that lacks an object that it needs. */
  private void requireObjects() {
    for (String path : JsonFields.strings(json, "needed")) {
      Object at = config;
      for (String key : path.split("\\.", -1)) {
        at = object(at).get(key);
      }
      if (!(at instanceof Map<?, ?>)) {
        throw new TemplateValues.UnknownException(path);
      }
    }
  }

  /** Refuses a config in which another value stands where only one will do. */
  private void requireFixed(TemplateValues values) {
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
  }

  /** Refuses a config with kinds of layers that are not known. */
  private void requireKinds(TemplateValues values) {
    object(json, "kinds")
        .forEach(
            (name, words) -> {
              boolean isKnown =
                  values.of(name) instanceof List<?> list && ((List<?>) words).containsAll(list);
              if (!isKnown) {
                throw new TemplateValues.UnknownException(name);
              }
            });
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
}
