package dev.cairn.peft.merge;

import dev.cairn.peft.LoraConfig;
import java.util.List;
import java.util.Locale;

/** Which kinds of LoRA are not merged. */
final class LoraVariants {
  private static final List<String> VARIANTS =
      List.of(
          "use_qalora",
          "use_bdlora",
          "alora_invocation_tokens",
          "arrow_config",
          "kasa_config",
          "monteclora_config",
          "velora_config",
          "layer_replication");

  /** Initialisations that change the base weights: the adapter does not fit the plain ones. */
  private static final List<String> CHANGING_BASE =
      List.of("pissa", "olora", "corda", "lora_ga", "loftq");

  private LoraVariants() {}

  /**
   * Refuses an adapter that is no plain product that is added to its base's weights.
   *
   * @throws IllegalArgumentException that says which field says so
   */
  static void check(LoraConfig config) {
    for (String variant : VARIANTS) {
      if (config.isOn(variant)) {
        throw new IllegalArgumentException(
            "cannot merge this variant of LoRA: %s=%s"
                .formatted(variant, config.fields().get(variant)));
      }
    }
    if (config.fields().get("init_lora_weights") instanceof String init
        && CHANGING_BASE.stream().anyMatch(init.toLowerCase(Locale.ROOT)::startsWith)) {
      throw new IllegalArgumentException(
          "adapter belongs to changed base weights: init_lora_weights=%s; save it from PEFT with"
                  .formatted(init)
              + " path_initial_model_for_weight_conversion first");
    }
  }
}
