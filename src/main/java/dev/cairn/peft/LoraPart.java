package dev.cairn.peft;

import java.util.List;

/**
 * A LoRA tensor's name in an adapter file, taken apart.
 *
 * @param module the layer, with the adapter file's prefix
 * @param part {@code lora_A}, {@code lora_B}, {@code lora_embedding_A}, {@code lora_embedding_B} or
 *     {@code lora_magnitude_vector}
 * @param isBias whether it is the bias of B
 */
record LoraPart(String module, String part, boolean isBias) {
  private static final List<String> WITH_WEIGHT = List.of(AdapterKey.A, AdapterKey.B);
  private static final List<String> BARE =
      List.of(AdapterKey.EMBEDDING_A, AdapterKey.EMBEDDING_B, AdapterKey.MAGNITUDE);

  /** Returns the parts of a name; null if it is not a LoRA tensor. */
  static LoraPart parse(String savedName) {
    for (String part : WITH_WEIGHT) {
      for (String end : List.of("weight", "bias")) {
        String suffix = "." + part + "." + end;
        if (savedName.endsWith(suffix)) {
          return of(savedName, suffix, part, end.equals("bias"));
        }
      }
    }
    for (String part : BARE) {
      String suffix = "." + part;
      if (savedName.endsWith(suffix)) {
        return of(savedName, suffix, part, false);
      }
    }
    return null;
  }

  private static LoraPart of(String name, String suffix, String part, boolean isBias) {
    return new LoraPart(name.substring(0, name.length() - suffix.length()), part, isBias);
  }

  boolean isMatrix() {
    return !isBias && !part.equals(AdapterKey.MAGNITUDE);
  }

  boolean isA() {
    return part.endsWith("_A");
  }

  boolean isEmbedding() {
    return part.startsWith("lora_embedding");
  }

  /** Returns a module's name without the adapter file's prefix. */
  static String inBaseModel(String module) {
    return module.startsWith(AdapterNames.PREFIX)
        ? module.substring(AdapterNames.PREFIX.length())
        : module;
  }
}
