package dev.cairn.peft;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A LoRA configuration, as PEFT's {@code adapter_config.json} has it. Immutable.
 *
 * <p>Fields that Cairn does not know are kept; fields that are missing get PEFT's defaults.
 */
public final class LoraConfig {
  /** The name that PEFT looks for. */
  public static final String FILE_NAME = "adapter_config.json";

  private final Map<String, Object> tree;

  private LoraConfig(Map<String, Object> given) {
    Map<String, Object> filled = LoraConfigFields.defaults();
    filled.putAll(given);
    filled.remove("runtime_config"); // PEFT never saves it
    LoraConfigCheck.check(filled);
    this.tree = Collections.unmodifiableMap(filled);
  }

  /**
   * {@return the config that a file holds}
   *
   * @param bytes the whole file
   * @param where the file, for messages
   * @throws CorruptFileException if it is not one JSON object
   * @throws IllegalArgumentException if it is not LoRA's, or a field has a value that PEFT refuses
   */
  public static LoraConfig parse(byte[] bytes, String where) throws CorruptFileException {
    Map<String, Object> given;
    try {
      given = Json.parseObject(bytes);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "adapter config is not valid JSON: " + e.getMessage() + ", file=" + where, e);
    }
    try {
      return new LoraConfig(given);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage() + ", file=" + where, e);
    }
  }

  /**
   * {@return the config of an adapter folder, or of a file}
   *
   * @param path a folder with {@link #FILE_NAME}, or such a file
   * @throws IOException if it cannot be read or is not a JSON object
   * @throws IllegalArgumentException as {@link #parse} does
   */
  public static LoraConfig read(Path path) throws IOException {
    Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
    return parse(Files.readAllBytes(file), file.toString());
  }

  /** {@return a builder that starts from PEFT's defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * {@return the file to save: sorted and indented as PEFT does, {@code inference_mode} true, no
   * newline at the end}
   */
  public byte[] encode() {
    Map<String, Object> saved = new LinkedHashMap<>(tree);
    saved.put("inference_mode", true);
    byte[] lines = Json.prettySorted(saved);
    return Arrays.copyOf(lines, lines.length - 1);
  }

  /** {@return every field by name, the defaults included} */
  public Map<String, Object> fields() {
    return tree;
  }

  /** {@return the rank of modules that no pattern names} */
  public int rank() {
    return (int) ((JsonNumber) tree.get("r")).longValue();
  }

  /**
   * {@return the rank of a module}
   *
   * @param module its name in the base model, for example {@code model.layers.0.self_attn.q_proj}
   */
  public int rank(String module) {
    return (int) ModulePatterns.find(patterns("rank_pattern"), module).orElse((double) rank());
  }

  /**
   * {@return what a module's product of B and A is multiplied with before it is added}
   *
   * @param module its name in the base model
   */
  public double scale(String module) {
    double alpha =
        ModulePatterns.find(patterns("alpha_pattern"), module)
            .orElse(((JsonNumber) tree.get("lora_alpha")).doubleValue());
    int rank = rank(module);
    return isOn("use_rslora") ? alpha / Math.sqrt(rank) : alpha / rank;
  }

  private Map<String, Double> patterns(String field) {
    Map<String, Double> patterns = new LinkedHashMap<>();
    if (tree.get(field) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> patterns.put((String) key, ((JsonNumber) value).doubleValue()));
    }
    return patterns;
  }

  /**
   * Refuses an adapter that PEFT would write or load silently wrong: with tensors of no elements,
   * half a pair, or shapes that are not of the ranks that stand here.
   *
   * @param saved shapes by name in the adapter file
   * @throws IllegalArgumentException that names the first such tensor
   */
  public void check(Map<String, Shape> saved) {
    new AdapterCheck(this).check(saved);
  }

  /** {@return which biases were trained} */
  public Bias bias() {
    return Bias.parse((String) tree.get("bias"));
  }

  /** {@return whether the base weights are stored input first, as GPT-2's are} */
  public boolean isFanInFanOut() {
    return isOn("fan_in_fan_out");
  }

  /** {@return whether the adapter is a DoRA: directions and magnitudes apart} */
  public boolean usesDora() {
    return isOn("use_dora");
  }

  /** {@return the targets as one regular expression, if that is what they are} */
  Optional<String> targetExpression() {
    return tree.get("target_modules") instanceof String text ? Optional.of(text) : Optional.empty();
  }

  /** {@return the targets as a list of names; empty if they are an expression or absent} */
  List<String> targetNames() {
    return strings("target_modules");
  }

  /**
   * {@return the strings of a list; empty if the field is something else}
   *
   * @param field its name in the file
   */
  public List<String> strings(String field) {
    List<String> strings = new ArrayList<>();
    if (tree.get(field) instanceof List<?> list) {
      list.forEach(element -> strings.add((String) element));
    }
    return strings;
  }

  /**
   * {@return whether a field is there and neither null nor empty nor false}
   *
   * @param field its name in the file
   */
  public boolean isOn(String field) {
    return isOn(tree.get(field));
  }

  static boolean isOn(Object value) {
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    return value != null && !Boolean.FALSE.equals(value);
  }

  /** Sets fields one by one. Not thread-safe. */
  public static final class Builder {
    private final Map<String, Object> given = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets the rank.
     *
     * @param r inner dimension of the factors, 1 or more
     * @return this
     */
    public Builder rank(int r) {
      return field("r", r);
    }

    /**
     * Sets alpha: the product of B and A is scaled by alpha / rank.
     *
     * @param alpha divided by the rank, or by its root with {@code use_rslora}
     * @return this
     */
    public Builder alpha(double alpha) {
      return field("lora_alpha", alpha);
    }

    /**
     * Sets the modules that have an adapter: the ends of their names.
     *
     * @param names such as {@code q_proj}; a module is meant if its name is one of them or ends
     *     with a dot and one
     * @return this
     */
    public Builder targetModules(List<String> names) {
      return field("target_modules", names);
    }

    /**
     * Sets the modules that were trained whole.
     *
     * @param names such as {@code lm_head}; ends of names, as for the targets
     * @return this
     */
    public Builder modulesToSave(List<String> names) {
      return field("modules_to_save", names);
    }

    /**
     * Sets which biases were trained.
     *
     * @param bias {@link Bias#NONE} if it is not set
     * @return this
     */
    public Builder bias(Bias bias) {
      return field("bias", bias.label());
    }

    /**
     * Sets PEFT's task type, for example {@code CAUSAL_LM}.
     *
     * @param taskType as PEFT spells it; null for none
     * @return this
     */
    public Builder taskType(String taskType) {
      return field("task_type", taskType);
    }

    /**
     * Sets the name or path of the base model.
     *
     * @param nameOrPath on the Hub, or of a folder; PEFT loads the base from there
     * @return this
     */
    public Builder baseModel(String nameOrPath) {
      return field("base_model_name_or_path", nameOrPath);
    }

    /**
     * Sets any field of adapter_config.json, known to Cairn or not.
     *
     * @param name as it stands in the file
     * @param value a string, boolean, number, null, or a list or map of these
     * @return this
     */
    public Builder field(String name, Object value) {
      given.put(name, LoraConfigFields.json(value));
      return this;
    }

    /**
     * {@return the config}
     *
     * @throws IllegalArgumentException if a field has a value that PEFT refuses
     */
    public LoraConfig build() {
      return new LoraConfig(given);
    }
  }
}
