package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraConfigTest {
  private static LoraConfig parse(String json) throws CorruptFileException {
    return LoraConfig.parse(json.getBytes(StandardCharsets.UTF_8), "test.json");
  }

  private static String encoded(LoraConfig config) {
    return new String(config.encode(), StandardCharsets.UTF_8);
  }

  @Test
  void unknownFieldsAndNumberTokensAreKept() throws CorruptFileException {
    String json = encoded(parse("{\"peft_type\": \"LORA\", \"lora_alpha\": 1e1, \"new\": [1.50]}"));
    assertTrue(json.contains("\"lora_alpha\": 1e1"), json);
    assertTrue(json.contains("1.50"), json);
  }

  @Test
  void savedConfigIsForInferenceAndEndsWithoutANewline() throws CorruptFileException {
    String json = encoded(parse("{\"inference_mode\": false, \"runtime_config\": {}}"));
    assertTrue(json.contains("\"inference_mode\": true"), json);
    assertTrue(!json.contains("runtime_config"), json);
    assertTrue(json.endsWith("}"), json);
  }

  @Test
  void builderSaysWhatTheFileSays() {
    LoraConfig config =
        LoraConfig.builder()
            .rank(4)
            .alpha(8)
            .bias(Bias.LORA_ONLY)
            .targetModules(List.of("q_proj"))
            .field("rank_pattern", Map.of("k_proj", 2))
            .build();
    assertTrue(encoded(config).contains("\"lora_alpha\": 8,"), encoded(config));
    assertEquals(2, config.rank("model.layers.0.self_attn.k_proj"));
    assertEquals(4, config.scale("model.layers.0.self_attn.k_proj"));
    assertEquals(2, config.scale("model.layers.0.self_attn.q_proj"));
  }

  @Test
  void patternsMatchTheEndOfANameAtADot() throws CorruptFileException {
    LoraConfig config =
        parse(
            "{\"rank_pattern\": {\"proj\": 3, \"layers\\\\.1\\\\.(q|k)_proj\": 5, \"q_proj\": 7}}");
    assertEquals(5, config.rank("model.layers.1.q_proj"));
    assertEquals(7, config.rank("model.layers.11.q_proj"));
    assertEquals(3, config.rank("model.proj"));
    assertEquals(8, config.rank("model.v_proj"));
  }

  @Test
  void rankStabilizedScaleDividesByTheRoot() throws CorruptFileException {
    assertEquals(4, parse("{\"r\": 16, \"lora_alpha\": 16, \"use_rslora\": true}").scale("any"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"peft_type\": \"IA3\"} | not a LoRA adapter: peft_type=IA3",
        "{\"r\": 0} | r=0",
        "{\"r\": 1.5} | r=1.5",
        "{\"r\": \"8\"} | r=8",
        "{\"lora_alpha\": NaN} | lora_alpha=NaN",
        "{\"lora_alpha\": 1e39} | lora_alpha=1e39, expected a number that is finite as F32",
        "{\"lora_alpha\": -3.5e38} | lora_alpha=-3.5e38",
        "{\"alpha_pattern\": {\"q\": 1e39}} | alpha_pattern={q=1e39}, expected numbers that are",
        "{\"rank_pattern\": {\"q\": 0}} | rank_pattern={q=0}",
        "{\"rank_pattern\": {\"(\": 2}} | expression=(",
        "{\"alpha_pattern\": []} | alpha_pattern=[]",
        "{\"bias\": \"some\"} | bias=some",
        "{\"task_type\": \"CHAT\"} | task_type=CHAT",
        "{\"target_modules\": 3} | target_modules=3",
        "{\"modules_to_save\": \"head\"} | modules_to_save=head",
        "{\"target_modules\": \"x\", \"layers_to_transform\": 1} | layers_to_transform=1",
        "{\"layers_pattern\": [\"h\"]} | layers_to_transform=null",
        "{\"use_dora\": true, \"lora_bias\": true} | lora_bias=true"
      })
  void whatPeftRefusesIsRefused(String json, String part) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> parse(json));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
    assertTrue(refused.getMessage().endsWith("file=test.json"), refused.getMessage());
  }

  @Test
  void largestAlphaThatIsFiniteAsF32IsTaken() throws CorruptFileException {
    assertEquals(3.4e38, parse("{\"r\": 1, \"lora_alpha\": 3.4e38}").scale("any"));
  }

  @Test
  void brokenJsonIsCorrupt() {
    assertThrows(CorruptFileException.class, () -> parse("{"));
  }
}
