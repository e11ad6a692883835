package dev.cairn.policy;

import static dev.cairn.policy.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DecoderShapeTest {
  static Stream<DecoderGolden> decoders() {
    return DecoderGolden.all();
  }

  static Stream<DecoderGolden> smallDecoders() {
    return DecoderGolden.all().filter(golden -> !golden.parameters().isEmpty());
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void countIsThatOfTransformers(DecoderGolden golden) throws IOException {
    long total =
        golden.shape().weights().stream().mapToLong(weight -> weight.shape().elements()).sum();
    assertEquals(golden.total(), total);
  }

  @ParameterizedTest
  @MethodSource("smallDecoders")
  void namesAndShapesAreThoseOfTransformers(DecoderGolden golden) throws IOException {
    Map<String, Shape> weights =
        golden.shape().weights().stream()
            .collect(Collectors.toMap(WeightShape::name, WeightShape::shape));
    assertEquals(golden.parameters(), weights);
  }

  @Test
  void absentKeysHaveTheirDefaults() throws IOException {
    Map<String, Object> config = DecoderGolden.named("llama").config();
    config.keySet().removeAll(List.of("head_dim", "num_key_value_heads", "mlp_bias"));
    config.put("tie_word_embeddings", null);
    Map<String, Shape> weights =
        DecoderShape.of(config, "config.json").weights().stream()
            .collect(Collectors.toMap(WeightShape::name, WeightShape::shape));
    assertEquals(Shape.of(48, 48), weights.get("model.layers.0.self_attn.k_proj.weight"));
    assertEquals(Shape.of(640, 48), weights.get("lm_head.weight"));
  }

  @Test
  void unknownTypeIsRefused() {
    Map<String, Object> config = DecoderGolden.named("llama").config();
    config.put("model_type", "mixtral");
    assertRefused(
        "parameters do not follow from the config: model_type=mixtral, expected one of gemma gemma2"
            + " gemma3_text granite llama mistral olmo olmo2 olmo3 qwen2 qwen3 smollm3,"
            + " file=/m/config.json; give a folder with safetensors files",
        () -> DecoderShape.of(config, "/m/config.json"));
  }

  @ParameterizedTest
  @CsvSource({
    "hidden_size, 0, a whole number from 1 to 2147483647",
    "intermediate_size, -1, a whole number from 1 to 2147483647",
    "vocab_size, 2147483648, a whole number from 1 to 2147483647",
    "num_attention_heads, 1.5, a whole number from 1 to 2147483647",
    "num_hidden_layers, 10001, at most 10000",
    "num_attention_heads, 2147483647, fewer with head_dim=8",
    "hidden_size, 49, a multiple of num_attention_heads=6"
  })
  void valuesOutOfRangeAreRefused(String key, String value, String expected) {
    Map<String, Object> config = DecoderGolden.named("llama").config();
    if (expected.startsWith("a multiple")) {
      config.remove("head_dim");
    }
    config.put(key, new JsonNumber(value));
    assertCorrupt(
        "config value out of range: " + key + "=" + value + ", expected " + expected, config);
  }

  @Test
  void missingAndMistypedValuesAreRefused() {
    String expected = ", expected a whole number from 1 to 2147483647";
    Map<String, Object> config = DecoderGolden.named("llama").config();
    config.remove("hidden_size");
    assertCorrupt("config value out of range: hidden_size=null" + expected, config);
    config.put("hidden_size", "48");
    assertCorrupt("config value out of range: hidden_size=48" + expected, config);
  }

  private static void assertCorrupt(String message, Map<String, Object> config) {
    assertEquals(
        message + ", file=/m/config.json",
        assertThrows(CorruptFileException.class, () -> DecoderShape.of(config, "/m/config.json"))
            .getMessage());
  }
}
