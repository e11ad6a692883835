package dev.cairn.hf;

import dev.cairn.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds weights that transformers 5 keeps in another form than the one it publishes: experts that
 * are fused in memory are split when transformers saves them, and loaders of the published format
 * want the split ones.
 *
 * <p>Pure; any thread.
 */
public final class FusedWeights {
  private FusedWeights() {}

  /** Read when a config is there that needs them. */
  private static final class Patterns {
    /** By model type or architecture; {@code fused_weights.py} makes the file. */
    private static final Map<String, List<Pattern>> BY_TYPE = load();
  }

  private static Map<String, List<Pattern>> load() {
    Map<String, List<Pattern>> patterns = new LinkedHashMap<>();
    try (InputStream stream = FusedWeights.class.getResourceAsStream("fused_weights.json")) {
      Json.parseObject(stream.readAllBytes())
          .forEach(
              (type, names) ->
                  patterns.put(
                      type,
                      ((List<?>) names)
                          .stream().map(name -> Pattern.compile((String) name)).toList()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return patterns;
  }

  /**
   * Refuses names that a loader of the published format would not find.
   *
   * @param config the model's config; without one nothing is known and all is well
   * @param tensorNames what is to be saved
   * @throws IllegalArgumentException if there is such a name
   */
  public static void check(Optional<ModelConfig> config, Collection<String> tensorNames) {
    if (config.isEmpty()) {
      return;
    }
    for (String type : config.get().types()) {
      List<String> fused = find(type, tensorNames);
      if (!fused.isEmpty()) {
        throw new IllegalArgumentException(
            ("fused weights: tensor=%s (and %d more), model=%s, expected the names of the published"
                    + " format, which transformers splits them into; to save them as they are, ask"
                    + " for raw names (--raw-names)")
                .formatted(fused.get(0), fused.size() - 1, type));
      }
    }
  }

  private static List<String> find(String type, Collection<String> tensorNames) {
    List<String> fused = new ArrayList<>();
    for (Pattern pattern : Patterns.BY_TYPE.getOrDefault(type, List.of())) {
      for (String name : tensorNames) {
        if (pattern.matcher(name).find()) {
          fused.add(name);
        }
      }
    }
    return fused;
  }
}
