package dev.cairn.peft;

import java.util.Locale;

/** Which biases were trained, and are saved with the adapter. */
public enum Bias {
  /** None. */
  NONE,
  /** Every bias of the model. */
  ALL,
  /** Those of the layers that have a LoRA adapter. */
  LORA_ONLY;

  /** {@return the name in adapter_config.json} */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Bias parse(String label) {
    for (Bias bias : values()) {
      if (bias.label().equals(label)) {
        return bias;
      }
    }
    throw new IllegalArgumentException(
        "bad adapter config: bias=" + label + ", expected none, all or lora_only");
  }
}
