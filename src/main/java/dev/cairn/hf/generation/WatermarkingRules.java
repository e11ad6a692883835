package dev.cairn.hf.generation;

import dev.cairn.json.JsonNumber;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** What transformers makes of a generation config's {@code watermarking_config}. */
final class WatermarkingRules {
  static final String FIELD = "watermarking_config";

  private static final String SCHEME = "seeding_scheme";
  private static final String RATIO = "greenlist_ratio";
  private static final String WIDTH = "context_width";

  private WatermarkingRules() {}

  private static Map<String, Object> defaults() {
    Map<String, Object> defaults = new LinkedHashMap<>();
    defaults.put(RATIO, new JsonNumber("0.25"));
    defaults.put("bias", new JsonNumber("2.0"));
    defaults.put("hashing_key", new JsonNumber("15485863"));
    defaults.put(SCHEME, "lefthash");
    defaults.put(WIDTH, new JsonNumber("1"));
    return defaults;
  }

  /** Returns the setting as it is saved: what is missing has its default. */
  static Map<String, Object> completed(Map<?, ?> config) {
    Map<String, Object> all = defaults();
    config.forEach((key, value) -> all.put((String) key, value));
    return all;
  }

  /** Returns what is wrong with a setting that is not null. */
  static List<GenerationProblem> check(Object value) {
    List<GenerationProblem> problems = new ArrayList<>();
    if (!(value instanceof Map<?, ?> config)) {
      problems.add(new GenerationProblem(FIELD, value, "an object"));
      return problems;
    }
    if (!defaults().keySet().containsAll(config.keySet())) {
      problems.add(
          new GenerationProblem(FIELD, value, "no other keys than " + defaults().keySet()));
      return problems;
    }
    Map<String, Object> all = completed(config);
    if (!"selfhash".equals(all.get(SCHEME)) && !"lefthash".equals(all.get(SCHEME))) {
      problems.add(problem(SCHEME, all, "selfhash or lefthash"));
    }
    OptionalDouble ratio = PythonValues.number(all.get(RATIO));
    if (ratio.isEmpty() || !(0 <= ratio.getAsDouble() && ratio.getAsDouble() <= 1)) {
      problems.add(problem(RATIO, all, "0.0 to 1.0"));
    }
    OptionalDouble width = PythonValues.number(all.get(WIDTH));
    if (width.isEmpty() || !(width.getAsDouble() >= 1)) {
      problems.add(problem(WIDTH, all, "1 or more"));
    }
    return problems;
  }

  private static GenerationProblem problem(
      String key, Map<String, Object> config, String expected) {
    return new GenerationProblem(FIELD + "." + key, config.get(key), expected);
  }
}
