package dev.cairn.policy;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A decoder as transformers counts it.
 *
 * @param name what it shows
 * @param tree what the golden file says of it
 */
record DecoderGolden(String name, Map<?, ?> tree) {
  /** An adapter as PEFT counts it; no targets stand for PEFT's default. */
  record Adapter(long rank, Object targets, long modules, long trainable, long saved) {}

  static Stream<DecoderGolden> all() {
    try (InputStream file =
        DecoderGolden.class.getResourceAsStream("/golden/policy/decoders.json")) {
      return Json.parseObject(file.readAllBytes()).entrySet().stream()
          .map(entry -> new DecoderGolden(entry.getKey(), (Map<?, ?>) entry.getValue()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static DecoderGolden named(String name) {
    return all().filter(golden -> golden.name().equals(name)).findFirst().orElseThrow();
  }

  Map<String, Object> config() {
    Map<String, Object> config = new HashMap<>();
    ((Map<?, ?>) tree.get("config")).forEach((key, value) -> config.put((String) key, value));
    return config;
  }

  DecoderShape shape() throws IOException {
    return DecoderShape.of(config(), "config.json");
  }

  long total() {
    return number(tree, "total");
  }

  /** Returns the parameters by name; empty where the file leaves them out. */
  Map<String, Shape> parameters() {
    Map<String, Shape> shapes = new HashMap<>();
    if (tree.get("parameters") instanceof Map<?, ?> parameters) {
      parameters.forEach(
          (name, extents) ->
              shapes.put(
                  (String) name,
                  Shape.of(
                      ((List<?>) extents)
                          .stream().mapToLong(e -> ((JsonNumber) e).longValue()).toArray())));
    }
    return shapes;
  }

  List<Adapter> adapters() {
    return ((List<?>) tree.get("adapters")).stream().map(one -> adapter((Map<?, ?>) one)).toList();
  }

  private static Adapter adapter(Map<?, ?> one) {
    return new Adapter(
        number(one, "rank"),
        one.get("target_modules"),
        number(one, "modules"),
        number(one, "trainable"),
        number(one, "saved"));
  }

  private static long number(Map<?, ?> tree, String key) {
    return ((JsonNumber) tree.get(key)).longValue();
  }

  @Override
  public String toString() {
    return name;
  }
}
