package dev.cairn.peft;

import dev.cairn.json.JsonNumber;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What PEFT refuses in a LoRA config, refused before anything is saved or merged. */
final class LoraConfigCheck {
  private static final Set<String> TASK_TYPES =
      Set.of(
          "SEQ_CLS",
          "SEQ_2_SEQ_LM",
          "CAUSAL_LM",
          "TOKEN_CLS",
          "QUESTION_ANS",
          "FEATURE_EXTRACTION");

  private final Map<String, Object> fields;

  private LoraConfigCheck(Map<String, Object> fields) {
    this.fields = fields;
  }

  /** Throws an {@link IllegalArgumentException} that names the first bad field. */
  static void check(Map<String, Object> fields) {
    LoraConfigCheck check = new LoraConfigCheck(fields);
    check.checkKind();
    check.checkRanks();
    check.checkTargets();
    check.checkVariants();
  }

  private void checkKind() {
    Object type = fields.get("peft_type");
    if (!"LORA".equals(type)) {
      throw new IllegalArgumentException("not a LoRA adapter: peft_type=" + type);
    }
    Object task = fields.get("task_type");
    if (task != null && !TASK_TYPES.contains(task)) {
      throw bad("task_type", "one of " + TASK_TYPES.stream().sorted().toList());
    }
    if (!(fields.get("bias") instanceof String bias)) {
      throw bad("bias", "none, all or lora_only");
    }
    Bias.parse(bias);
  }

  private void checkRanks() {
    if (!(fields.get("r") instanceof JsonNumber rank) || !isRank(rank)) {
      throw bad("r", "a whole number from 1 on: the scale lora_alpha / r must be finite");
    }
    if (!(fields.get("lora_alpha") instanceof JsonNumber alpha) || !isFinite(alpha)) {
      throw bad("lora_alpha", "a number that is finite as F32");
    }
    checkPattern("rank_pattern", "whole numbers from 1 on by module", true);
    checkPattern("alpha_pattern", "numbers that are finite as F32, by module", false);
  }

  private void checkPattern(String field, String expected, boolean ranks) {
    Object value = fields.get(field);
    if (value == null) {
      return;
    }
    if (!(value instanceof Map<?, ?> patterns)) {
      throw bad(field, expected);
    }
    for (Map.Entry<?, ?> entry : patterns.entrySet()) {
      ModulePatterns.compile((String) entry.getKey());
      if (!(entry.getValue() instanceof JsonNumber number)
          || !(ranks ? isRank(number) : isFinite(number))) {
        throw bad(field, expected);
      }
    }
  }

  private static boolean isRank(JsonNumber number) {
    try {
      return number.longValue() >= 1 && number.longValue() <= Integer.MAX_VALUE;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** The scale, which is not larger, is multiplied with weights as F32. */
  private static boolean isFinite(JsonNumber number) {
    return Float.isFinite((float) number.doubleValue());
  }

  private void checkTargets() {
    checkStrings("target_modules", true);
    checkStrings("exclude_modules", true);
    checkStrings("modules_to_save", false);
    checkStrings("target_parameters", false);
    boolean isExpression = fields.get("target_modules") instanceof String;
    if (isExpression && fields.get("layers_to_transform") != null) {
      throw bad("layers_to_transform", "null, as target_modules is an expression");
    }
    if (isExpression && fields.get("layers_pattern") != null) {
      throw bad("layers_pattern", "null, as target_modules is an expression");
    }
    if (LoraConfig.isOn(fields.get("layers_pattern"))
        && fields.get("layers_to_transform") == null) {
      throw bad("layers_to_transform", "layers, as layers_pattern is given");
    }
  }

  private void checkStrings(String field, boolean orOne) {
    Object value = fields.get(field);
    boolean fine = value == null || (orOne && value instanceof String);
    if (!fine
        && !(value instanceof List<?> list
            && list.stream().allMatch(element -> element instanceof String))) {
      throw bad(field, orOne ? "names, or one expression" : "names");
    }
  }

  private void checkVariants() {
    if (isOn("use_dora") && isOn("megatron_config")) {
      throw bad("megatron_config", "null, as use_dora is true");
    }
    if (isOn("use_dora") && isOn("lora_bias")) {
      throw bad("lora_bias", "false, as use_dora is true");
    }
  }

  private boolean isOn(String field) {
    return LoraConfig.isOn(fields.get(field));
  }

  private IllegalArgumentException bad(String field, String expected) {
    return new IllegalArgumentException(
        "bad adapter config: " + field + "=" + fields.get(field) + ", expected " + expected);
  }
}
