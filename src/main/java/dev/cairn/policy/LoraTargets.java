package dev.cairn.policy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Which modules a LoRA adapter targets, as PEFT's configs name them. Pure; any thread. */
public final class LoraTargets {
  private static final String ALL_LINEAR = "all-linear";
  private static final List<String> LINEAR =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
  private static final List<String> QUERY_VALUE = List.of("q_proj", "v_proj");
  private static final List<String> FUSED_QUERY = List.of("query_key_value");

  /**
   * PEFT 0.21's own defaults for decoders.
   *
   * @see <a href="https://github.com/huggingface/peft/blob/main/src/peft/utils/constants.py">PEFT,
   *     TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING</a>
   */
  private static final Map<String, List<String>> DEFAULTS =
      Map.ofEntries(
          Map.entry("llama", QUERY_VALUE),
          Map.entry("llama4", QUERY_VALUE),
          Map.entry("mistral", QUERY_VALUE),
          Map.entry("mixtral", QUERY_VALUE),
          Map.entry("stablelm", QUERY_VALUE),
          Map.entry("gemma", QUERY_VALUE),
          Map.entry("gemma2", QUERY_VALUE),
          Map.entry("gemma3_text", QUERY_VALUE),
          Map.entry("qwen2", QUERY_VALUE),
          Map.entry("qwen3", QUERY_VALUE),
          Map.entry("opt", QUERY_VALUE),
          Map.entry("gptj", QUERY_VALUE),
          Map.entry("gpt_neo", QUERY_VALUE),
          Map.entry("phi", List.of("q_proj", "v_proj", "fc1", "fc2")),
          Map.entry("gpt2", List.of("c_attn")),
          Map.entry("gpt_bigcode", List.of("c_attn")),
          Map.entry("gpt_neox", FUSED_QUERY),
          Map.entry("bloom", FUSED_QUERY),
          Map.entry("falcon", FUSED_QUERY));

  private LoraTargets() {}

  /**
   * {@return the modules that PEFT targets when nobody names any}
   *
   * @param modelType {@code model_type} of the base model
   * @throws IllegalArgumentException if PEFT has no default for it
   */
  public static List<String> defaultsFor(String modelType) {
    List<String> targets = DEFAULTS.get(modelType);
    if (targets == null) {
      throw new IllegalArgumentException(
          "no default target modules: model_type=%s, expected them to be named, as in %s"
              .formatted(modelType, String.join(",", QUERY_VALUE)));
    }
    return targets;
  }

  /**
   * {@return the modules that a comma-separated list names; {@code all-linear} is every linear
   * layer but the output}
   *
   * @param text module names, or ends of names from a dot on
   * @param modelType {@code model_type} of the base model
   * @throws IllegalArgumentException if a name is empty, or the linear layers of such a model are
   *     unknown
   */
  public static List<String> parse(String text, String modelType) {
    if (text.strip().equals(ALL_LINEAR)) {
      if (DecoderFamily.find(modelType).isEmpty()) {
        throw new IllegalArgumentException(
            "linear layers unknown: targetModules=%s, model_type=%s, expected one of %s; name the modules"
                .formatted(ALL_LINEAR, modelType, String.join(" ", DecoderFamily.types())));
      }
      return LINEAR;
    }
    List<String> targets =
        Arrays.stream(text.split(",", -1)).map(String::strip).distinct().toList();
    if (targets.contains("")) {
      throw new IllegalArgumentException(
          "empty target module: targetModules=" + text + ", expected names separated by commas");
    }
    return targets;
  }
}
