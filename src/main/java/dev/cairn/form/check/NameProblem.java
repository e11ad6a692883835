package dev.cairn.form.check;

import java.util.List;

/** Why names are not those of a model, and what can be done. */
enum NameProblem {
  ADAPTER(
      "these are PEFT's names: save the adapter (--adapter-config), or merge it first",
      "base_model.model.",
      ".lora_A.",
      ".lora_B.",
      ".lora_embedding_A.",
      ".lora_magnitude_vector.",
      ".base_layer.",
      ".modules_to_save."),
  WRAPPER(
      "a wrapper's name stands in them: hand over the names of the model inside",
      "_orig_mod.",
      "_forward_module.",
      "_fsdp_wrapped_module.",
      "_checkpoint_wrapped_module."),
  QUANTISED(
      "these belong to quantised weights: dequantise the model before it is saved",
      ".qweight",
      ".qzeros",
      ".g_idx",
      ".weight_packed",
      ".quant_state.",
      ".absmax",
      ".quant_map",
      ".nested_absmax",
      ".SCB",
      ".weight_format",
      ".weight_scale",
      ".input_scale",
      ".activation_scale",
      ".weight_zero_point",
      ".W_q");

  private final String advice;

  @SuppressWarnings("ImmutableEnumChecker") // List.of is
  private final List<String> parts;

  NameProblem(String advice, String... parts) {
    this.advice = advice;
    this.parts = List.of(parts);
  }

  String advice() {
    return advice;
  }

  /** Returns whether one of the words stands in a name, where a component begins. */
  boolean isIn(String name) {
    for (String part : parts) {
      int at = name.indexOf(part);
      while (at > 0 && part.charAt(0) != '.' && name.charAt(at - 1) != '.') {
        at = name.indexOf(part, at + 1);
      }
      if (at >= 0) {
        return true;
      }
    }
    return false;
  }
}
