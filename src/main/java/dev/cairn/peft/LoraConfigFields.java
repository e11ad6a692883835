package dev.cairn.peft;

import dev.cairn.json.JsonNumber;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields of PEFT 0.21's LoraConfig and their defaults. */
final class LoraConfigFields {
  private static final String PEFT_VERSION = "0.21.0"; // whose fields and rules these are

  private static final List<String> NULL =
      List.of(
          "task_type",
          "auto_mapping",
          "base_model_name_or_path",
          "revision",
          "target_modules",
          "exclude_modules",
          "modules_to_save",
          "layers_to_transform",
          "layers_pattern",
          "megatron_config",
          "trainable_token_indices",
          "eva_config",
          "corda_config",
          "lora_ga_config",
          "velora_config",
          "alora_invocation_tokens",
          "monteclora_config",
          "layer_replication",
          "target_parameters",
          "use_bdlora",
          "arrow_config",
          "kasa_config");

  private static final List<String> FALSE =
      List.of(
          "inference_mode",
          "fan_in_fan_out",
          "use_rslora",
          "use_dora",
          "use_qalora",
          "lora_bias",
          "ensure_weight_tying");

  private static final List<String> EMPTY_MAPS =
      List.of("rank_pattern", "alpha_pattern", "loftq_config");

  private LoraConfigFields() {}

  /** Returns all fields with their defaults, as a map of its own. */
  static Map<String, Object> defaults() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("peft_type", "LORA");
    fields.put("peft_version", PEFT_VERSION);
    fields.put("r", JsonNumber.of(8));
    fields.put("lora_alpha", JsonNumber.of(8));
    fields.put("lora_dropout", new JsonNumber("0.0"));
    fields.put("bias", "none");
    fields.put("init_lora_weights", true);
    fields.put("megatron_core", "megatron.core");
    fields.put("qalora_group_size", JsonNumber.of(16));
    NULL.forEach(name -> fields.put(name, null));
    FALSE.forEach(name -> fields.put(name, false));
    EMPTY_MAPS.forEach(name -> fields.put(name, Map.of()));
    return fields;
  }

  /** Returns a Java value as the JSON tree has it; whole numbers are spelled without a point. */
  static Object json(Object value) {
    if (value instanceof Number number) {
      double asDouble = number.doubleValue();
      return asDouble == Math.rint(asDouble) && Math.abs(asDouble) < 1L << 53
          ? JsonNumber.of(number.longValue())
          : new JsonNumber(Double.toString(asDouble));
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> tree = new LinkedHashMap<>();
      map.forEach((key, element) -> tree.put((String) key, json(element)));
      return tree;
    }
    if (value instanceof Iterable<?> elements) {
      List<Object> tree = new ArrayList<>();
      elements.forEach(element -> tree.add(json(element)));
      return tree;
    }
    return value;
  }
}
