package dev.cairn.peft.names;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A LoRA tensor's name in an adapter file, taken apart.
 *
 * @param module the layer, with the adapter file's prefix
 * @param part {@code lora_A}, {@code lora_B}, {@code lora_embedding_A}, {@code lora_embedding_B} or
 *     {@code lora_magnitude_vector}
 * @param isBias whether it is the bias of B
 */
public record LoraPart(String module, String part, boolean isBias) {
  /** Files that no PEFT has written may have the adapter's name in them, as a state dict has it. */
  private static final Pattern WITH_WEIGHT =
      Pattern.compile("(.*)\\.(lora_[AB])(?:\\.[^.]+)?\\.(weight|bias)");

  private static final Pattern BARE =
      Pattern.compile(
          "(.*)\\.(lora_embedding_[AB]|lora_magnitude_vector)(?:\\.[^.]+)?(?:\\.weight)?");

  /** Returns the parts of a name; null if it is not a LoRA tensor. */
  public static LoraPart parse(String savedName) {
    Matcher matcher = WITH_WEIGHT.matcher(savedName);
    if (matcher.matches()) {
      return new LoraPart(matcher.group(1), matcher.group(2), matcher.group(3).equals("bias"));
    }
    Matcher bare = BARE.matcher(savedName);
    return bare.matches() ? new LoraPart(bare.group(1), bare.group(2), false) : null;
  }

  public boolean isMatrix() {
    return !isBias && !part.equals(AdapterKey.MAGNITUDE);
  }

  public boolean isA() {
    return part.endsWith("_A");
  }

  public boolean isEmbedding() {
    return part.startsWith("lora_embedding");
  }

  /** Returns a module's name without the adapter file's prefix. */
  public static String inBaseModel(String module) {
    return module.startsWith(AdapterKey.PREFIX)
        ? module.substring(AdapterKey.PREFIX.length())
        : module;
  }
}
