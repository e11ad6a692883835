package dev.cairn.form;

import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds a model's form: what transformers does with models of its kind, and where a base model is
 * known, what that model's files have. Immutable; any thread.
 */
public final class FormResolver {
  private static final String FSDP_PREFIX = "FSDP";

  private final Map<String, ?> config;
  private final Optional<ModelClass> model;

  private FormResolver(Map<String, ?> config) {
    this.config = config;
    this.model = hasCustomCode() ? Optional.empty() : architecture().flatMap(FormTable.get()::find);
  }

  /**
   * {@return what finds the form of models with this config}
   *
   * @param config as config.json has it
   */
  public static FormResolver of(Map<String, ?> config) {
    return new FormResolver(config);
  }

  private boolean hasCustomCode() {
    return config.containsKey("auto_map");
  }

  private Optional<String> architecture() {
    if (!(config.get("architectures") instanceof List<?> list)
        || list.isEmpty()
        || !(list.get(0) instanceof String name)) {
      return Optional.empty();
    }
    return Optional.of(name.startsWith(FSDP_PREFIX) ? name.substring(FSDP_PREFIX.length()) : name);
  }

  /** Returns the transforms of a save, those of prefixes included. */
  private List<Transform> transforms() {
    FormTable table = FormTable.get();
    if (model.isPresent()) {
      return ModelTree.transforms(table, model.get(), config);
    }
    if (hasCustomCode() || !(config.get("model_type") instanceof String type)) {
      return List.of();
    }
    return architecture()
        .flatMap(table::conversions)
        .or(() -> table.conversions(type))
        .orElse(List.of());
  }

  /**
   * {@return the form of a model of which no other files are known}
   *
   * @param memory the model's tensors
   */
  public Form form(List<MemoryTensor> memory) {
    List<Transform> usual = without(Transform.Kind.PREFIX);
    return new Form(usual, numbers(), Set.of(), wide(memory));
  }

  private List<Transform> without(Transform.Kind kind) {
    return transforms().stream().filter(transform -> transform.kind() != kind).toList();
  }

  /**
   * {@return the form of a model that is made from another: the one that gives most of that one's
   * names and shapes}
   *
   * @param memory the model's tensors
   * @param base names and shapes in the other model's files
   */
  public Form form(List<MemoryTensor> memory, Map<String, Shape> base) {
    Form usual = form(memory);
    List<Transform> all = transforms();
    Form best = usual;
    if (all.size() != usual.transforms().size()) {
      Form prefixed = new Form(all, numbers(), Set.of(), usual.wide());
      best = hits(prefixed, memory, base) > hits(usual, memory, base) ? prefixed : usual;
    }
    return best.keeping(kept(best, memory, base));
  }

  private static int hits(Form form, List<MemoryTensor> memory, Map<String, Shape> base) {
    int hits = 0;
    for (PublishedTensor tensor : form.apply(memory)) {
      hits += tensor.shape().equals(base.get(tensor.name())) ? 1 : 0;
    }
    return hits;
  }

  /** Returns what the other model has under the names of memory, and not under the form's. */
  private static Set<String> kept(Form form, List<MemoryTensor> memory, Map<String, Shape> base) {
    Set<String> kept = new HashSet<>();
    for (PublishedTensor tensor : form.apply(memory)) {
      if (tensor.shape().equals(base.get(tensor.name()))) {
        continue;
      }
      for (Run run : tensor.runs()) {
        MemoryTensor source = memory.get(run.source());
        if (source.shape().equals(base.get(source.name()))) {
          kept.add(source.name());
        }
      }
    }
    return kept;
  }

  /** Returns which tensors transformers keeps in F32 whatever the rest is. */
  private Set<String> wide(List<MemoryTensor> memory) {
    List<Pattern> patterns = new ArrayList<>();
    model.ifPresent(found -> found.keepsF32().forEach(name -> patterns.add(Pattern.compile(name))));
    Set<String> wide = new HashSet<>();
    for (MemoryTensor tensor : memory) {
      if (patterns.stream().anyMatch(pattern -> pattern.matcher(tensor.name()).find())) {
        wide.add(tensor.name());
      }
    }
    return wide;
  }

  /** Returns the numbers of the text config, which some operations ask for. */
  private Map<String, Long> numbers() {
    Map<String, Long> numbers = new HashMap<>();
    addNumbers(config, numbers);
    if (config.get("text_config") instanceof Map<?, ?> text) {
      addNumbers(text, numbers);
    }
    return numbers;
  }

  private static void addNumbers(Map<?, ?> json, Map<String, Long> numbers) {
    json.forEach(
        (name, value) -> {
          if (value instanceof JsonNumber number && number.token().matches("-?\\d{1,18}")) {
            numbers.put((String) name, number.longValue());
          }
        });
  }
}
