package dev.cairn.peft;

import dev.cairn.peft.names.AdapterKey;
import dev.cairn.tensor.Shape;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Selects the parameters of one adapter among those of a model, and names them as PEFT's adapter
 * file does.
 *
 * <p>Pure: works on names and shapes alone. PEFT looks at the modules; their names tell the same,
 * and where PEFT filters by text (another adapter that is called like a module) this does not.
 *
 * @see <a
 *     href="https://github.com/huggingface/peft/blob/v0.21.0/src/peft/utils/save_and_load.py">peft
 *     0.21, get_peft_model_state_dict</a>
 */
final class AdapterNames {
  private static final String LORA = ".lora_";
  private static final String BASE_BIAS = ".base_layer.bias";

  private final LoraConfig config;
  private final AdapterOptions options;
  private final Map<String, Shape> shapes;
  private final Map<String, String> givenBySaved = new LinkedHashMap<>();

  /**
   * Prepares a selection.
   *
   * @param shapes by name, of all parameters; names without leading wrappers
   */
  AdapterNames(LoraConfig config, AdapterOptions options, Map<String, Shape> shapes) {
    this.config = config;
    this.options = options;
    this.shapes = shapes;
  }

  /**
   * Returns the parameters to save: name in the file, and name in the model.
   *
   * @throws IllegalArgumentException if the model has no such adapter, or one with parameters that
   *     Cairn does not know
   */
  Map<String, String> select() {
    Set<String> adapters = new TreeSet<>();
    boolean found = false;
    for (String name : shapes.keySet()) {
      AdapterKey key = AdapterKey.parse(name);
      if (key != null) {
        adapters.add(key.adapter());
        found |= isOurs(key) && isSaved(key) && add(key.savedName(), name);
      }
    }
    if (!found) {
      throw new IllegalArgumentException(
          "empty adapter: adapter=%s has no parameters among %d, expected one of %s"
              .formatted(options.adapterName(), shapes.size(), adapters));
    }
    Set<String> layers = layers();
    shapes.keySet().forEach(name -> checkKnown(name, layers));
    addBiases(layers);
    new EmbeddingNames(config, options, shapes)
        .select()
        .forEach(name -> add(nameByEnd(name), name));
    return givenBySaved;
  }

  private boolean isOurs(AdapterKey key) {
    return key.adapter().equals(options.adapterName());
  }

  private boolean isSaved(AdapterKey key) {
    return key.isLora() || key.isModuleToSave() || (key.isTokens() && areOwnTokens(key));
  }

  /**
   * The trained tokens of a tied output projection are the embedding's: PEFT names them only there.
   */
  private boolean areOwnTokens(AdapterKey key) {
    String module = EmbeddingNames.withoutLast(key.module()); // that ends on token_adapter
    if (config.fields().get("trainable_token_indices") instanceof Map<?, ?> targets) {
      return targets.keySet().stream()
          .anyMatch(target -> module.equals(target) || module.endsWith("." + target));
    }
    return !EmbeddingNames.isOutput(module);
  }

  private boolean add(String saved, String given) {
    givenBySaved.put(withPrefix(saved), given);
    return true;
  }

  /** A model that has adapters injected but no PeftModel around it lacks what loaders expect. */
  private static String withPrefix(String name) {
    return name.startsWith(AdapterKey.PREFIX) ? name : AdapterKey.PREFIX + name;
  }

  /** What a newer PEFT may have trained must not be left out without a word. */
  private void checkKnown(String name, Set<String> layers) {
    int begin = name.lastIndexOf(LORA);
    int end = begin < 0 ? -1 : name.indexOf('.', begin + LORA.length());
    if (end > 0
        && AdapterKey.parse(name) == null
        && layers.contains(name.substring(0, begin))
        && (name + ".").startsWith(options.adapterName() + ".", end + 1)) {
      throw new IllegalArgumentException(
          "unknown LoRA parameter: tensor=" + name + ", expected what peft 0.21 trains");
    }
  }

  private void addBiases(Set<String> layers) {
    if (config.bias() == Bias.NONE) {
      return;
    }
    for (String name : shapes.keySet()) {
      AdapterKey key = AdapterKey.parse(name);
      boolean isBias = name.equals("bias") || name.endsWith(".bias");
      boolean isTrained = config.bias() == Bias.ALL || isOfLayer(name, layers);
      if (isBias && isTrained && (key == null || isOurs(key))) {
        add(nameByEnd(name), name);
      }
    }
  }

  /** Returns the modules that have any adapter. */
  private Set<String> layers() {
    Set<String> layers = new HashSet<>();
    for (String name : shapes.keySet()) {
      AdapterKey key = AdapterKey.parse(name);
      if (key != null && !key.isModuleToSave()) {
        layers.add(key.module());
      }
    }
    return layers;
  }

  private static boolean isOfLayer(String bias, Set<String> layers) {
    return bias.endsWith(BASE_BIAS)
        && layers.contains(bias.substring(0, bias.length() - BASE_BIAS.length()));
  }

  private static String nameByEnd(String name) {
    AdapterKey key = AdapterKey.parse(name);
    return key == null ? name : key.withoutAdapterAtEnd();
  }
}
