package dev.cairn.peft;

import dev.cairn.peft.names.AdapterKey;
import dev.cairn.peft.names.LoraPart;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Decides which base weights of embeddings are saved with an adapter. Pure. */
final class EmbeddingNames {
  /** What PEFT takes for an embedding when it looks at the targets. */
  private static final Set<String> TARGETS = Set.of("embed_tokens", "lm_head");

  private static final List<String> INPUTS =
      List.of("shared", "embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings");

  private static final Set<String> OUTPUTS = Set.of("lm_head", "embed_out");
  private static final String BASE_LAYER = ".base_layer.";

  private final LoraConfig config;
  private final AdapterOptions options;
  private final Map<String, Shape> shapes;

  EmbeddingNames(LoraConfig config, AdapterOptions options, Map<String, Shape> shapes) {
    this.config = config;
    this.options = options;
    this.shapes = shapes;
  }

  static String last(String module) {
    return module.substring(module.lastIndexOf('.') + 1);
  }

  static String withoutLast(String module) {
    return module.substring(0, Math.max(0, module.lastIndexOf('.')));
  }

  static boolean isOutput(String module) {
    return OUTPUTS.contains(last(module));
  }

  /** Returns the names of the parameters to save, as the model has them. */
  List<String> select() {
    boolean isTargeted = isTargeted();
    List<String> selected = new ArrayList<>();
    if (isWanted(isTargeted)) {
      for (String module : embeddings()) {
        String prefix = module + (isTargeted ? BASE_LAYER : ".");
        shapes.keySet().stream()
            .filter(name -> name.startsWith(prefix) && !isAnothers(name))
            .forEach(selected::add);
      }
    }
    return selected;
  }

  private boolean isAnothers(String name) {
    AdapterKey key = AdapterKey.parse(name);
    return key != null && !key.adapter().equals(options.adapterName());
  }

  private boolean isWanted(boolean isTargeted) {
    return switch (options.saveEmbeddings()) {
      case ALWAYS -> true;
      case NEVER -> false;
      case AUTO ->
          (isTargeted && config.fields().get("trainable_token_indices") == null) || isResized();
    };
  }

  /**
   * Returns whether an embedding is among the targets. PEFT overlooks qualified names such as
   * {@code model.embed_tokens} (peft#3585); here they count.
   */
  private boolean isTargeted() {
    if (config.targetExpression().isEmpty()) {
      return config.targetNames().stream().anyMatch(target -> TARGETS.contains(last(target)));
    }
    String expression = config.targetExpression().get();
    if (expression.equals("all-linear")) {
      return false;
    }
    Pattern pattern = ModulePatterns.compile(expression);
    return modules(TARGETS).stream()
        .map(LoraPart::inBaseModel)
        .anyMatch(module -> pattern.matcher(module).matches());
  }

  private boolean isResized() {
    if (options.baseVocabSize().isEmpty()) {
      return false;
    }
    long baseVocabSize = options.baseVocabSize().getAsLong();
    return input().stream()
        .flatMap(
            module ->
                shapes.entrySet().stream()
                    .filter(entry -> entry.getKey().startsWith(module + "."))
                    .filter(entry -> entry.getKey().endsWith(".weight"))
                    .filter(entry -> AdapterKey.parse(entry.getKey()) == null))
        .anyMatch(
            entry ->
                entry.getValue().dimensions() == 2
                    && entry.getValue().dimension(0) != baseVocabSize);
  }

  private List<String> embeddings() {
    List<String> modules = new ArrayList<>(input());
    modules.addAll(modules(OUTPUTS));
    return modules;
  }

  /** Returns the modules of the first name there is that models give their input embedding. */
  private List<String> input() {
    for (String name : INPUTS) {
      List<String> modules = modules(Set.of(name));
      if (!modules.isEmpty()) {
        return modules;
      }
    }
    return List.of();
  }

  /** Returns the modules whose names end on one of these components. */
  private List<String> modules(Set<String> lastComponents) {
    Set<String> modules = new LinkedHashSet<>();
    for (String name : shapes.keySet()) {
      int end = 0;
      for (String component : name.split("\\.", -1)) {
        end += component.length();
        if (end < name.length() && lastComponents.contains(component)) {
          modules.add(name.substring(0, end));
          break;
        }
        end++;
      }
    }
    return List.copyOf(modules);
  }
}
