package dev.cairn.peft.names;

import java.util.Set;

/**
 * A parameter's name in a model with adapters, taken apart at the component that a PEFT layer adds.
 *
 * <p>The component after that one names the adapter, wherever else the same word may stand.
 *
 * @param module what comes before, for example {@code base_model.model.model.layers.0.mlp.up_proj}
 * @param part the component that PEFT added, for example {@code lora_A}
 * @param adapter the adapter that the parameter belongs to
 * @param rest what comes after, for example {@code weight}; may be empty
 */
public record AdapterKey(String module, String part, String adapter, String rest) {
  /** What a PeftModel puts before the names of the model that it wraps. */
  public static final String PREFIX = "base_model.model.";

  public static final String MODULES_TO_SAVE = "modules_to_save";
  public static final String TOKENS = "trainable_tokens_delta";
  public static final String MAGNITUDE = "lora_magnitude_vector";
  static final String EMBEDDING_A = "lora_embedding_A";
  static final String EMBEDDING_B = "lora_embedding_B";
  static final String A = "lora_A";
  static final String B = "lora_B";

  /**
   * All that peft 0.21 saves below a layer; the last three are what KaSA, MonteCLoRA, VeLoRA add.
   */
  private static final Set<String> LORA_PARTS =
      Set.of(
          A,
          B,
          EMBEDDING_A,
          EMBEDDING_B,
          MAGNITUDE,
          "lora_diag",
          "lora_monteclora_sampler",
          "lora_velora_embed");

  private static final Set<String> OTHER_PARTS = Set.of(TOKENS, "trainable_tokens_original");

  /** Returns the parts of a name; null if it is no adapter's. */
  public static AdapterKey parse(String name) {
    String[] components = name.split("\\.", -1);
    for (int index = 0; index + 2 < components.length; index++) {
      if (components[index].equals(MODULES_TO_SAVE)) {
        return at(components, index);
      }
    }
    // An adapter may be called lora_A: the part is before the adapter, not the other way round.
    for (int index = components.length - 3; index < components.length - 1; index++) {
      if (index > 0 && (isLora(components[index]) || OTHER_PARTS.contains(components[index]))) {
        return at(components, index);
      }
    }
    return null;
  }

  private static AdapterKey at(String[] components, int index) {
    return new AdapterKey(
        join(components, 0, index),
        components[index],
        components[index + 1],
        join(components, index + 2, components.length));
  }

  private static String join(String[] components, int begin, int end) {
    return String.join(".", java.util.Arrays.asList(components).subList(begin, end));
  }

  private static boolean isLora(String component) {
    return LORA_PARTS.contains(component);
  }

  /** Returns whether this is a LoRA matrix, bias or magnitude. */
  public boolean isLora() {
    return isLora(part);
  }

  /** Returns whether this is a row of values for each trained token. */
  public boolean isTokens() {
    return part.equals(TOKENS);
  }

  /** Returns whether this is in a module that was trained whole. */
  public boolean isModuleToSave() {
    return part.equals(MODULES_TO_SAVE);
  }

  /** Returns the name in an adapter file. */
  public String savedName() {
    if (isModuleToSave()) {
      AdapterKey inner = parse(rest);
      boolean isInnerLora = inner != null && inner.adapter().equals(adapter);
      return module + "." + (isInnerLora ? inner.savedName() : rest);
    }
    boolean isBare = rest.isEmpty() || (part.equals(MAGNITUDE) && rest.equals("weight"));
    return module + "." + part + (isBare ? "" : "." + rest);
  }

  /**
   * Returns the name as PEFT's suffix rule leaves it: without the adapter if that is the last or
   * last but one component, otherwise whole.
   */
  public String withoutAdapterAtEnd() {
    String start = module + "." + part;
    if (rest.isEmpty()) {
      return start;
    }
    return rest.indexOf('.') < 0 ? start + "." + rest : start + "." + adapter + "." + rest;
  }
}
