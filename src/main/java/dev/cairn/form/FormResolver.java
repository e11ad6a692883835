package dev.cairn.form;

import dev.cairn.form.template.ExpectedModel;
import dev.cairn.form.template.Template;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Finds a model's form: what transformers does with models of its kind, and where a base model is
 * known, what that model's files have. Immutable; any thread.
 */
public final class FormResolver {
  private static final String FSDP_PREFIX = "FSDP";

  private static final Pattern COMPUTED =
      Pattern.compile("(?:^|\\.)(?:rotary_emb\\.inv_freq|position_ids)$");

  private static final Pattern MASK =
      Pattern.compile(
          "(?:^|\\.)(?:(?:attn|attention|crossattention)\\.(?:masked_)?bias"
              + "|EncDecAttention\\.relative_attention_bias\\.weight|relative_position_index)$");

  private final Map<String, ?> config;
  private final Optional<DType> saved;
  private final Optional<ModelClass> model;
  private final Optional<ModelTree> tree;
  private final List<Transform> transforms;

  private FormResolver(Map<String, ?> config, Optional<DType> saved) {
    this.config = config;
    this.saved = saved;
    this.model = architecture().flatMap(FormTable.get()::find).filter(this::isOwn);
    this.tree = model.map(root -> new ModelTree(FormTable.get(), root, config));
    this.transforms = transforms();
  }

  /**
   * {@return what finds the form of models with this config}
   *
   * @param config as config.json has it
   * @param saved what floats are cast to; empty if they are not
   */
  public static FormResolver of(Map<String, ?> config, Optional<DType> saved) {
    return new FormResolver(config, saved);
  }

  /** Custom code may call a class of its own as one of transformers'; not with its model type. */
  private boolean isOwn(ModelClass known) {
    return !hasCustomCode() || known.modelType().equals(config.get("model_type"));
  }

  /** {@return whether the model is one of transformers' own} */
  public boolean isKnown() {
    return model.isPresent();
  }

  /**
   * {@return the model type of configs of the model's class, if that is one of transformers' own}
   */
  public Optional<String> modelType() {
    return model.map(ModelClass::modelType);
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

  /** Returns the transforms of a save, optional ones of the family included. */
  private List<Transform> transforms() {
    return tree.map(ModelTree::transforms).orElseGet(this::ofUnknownClass);
  }

  private List<Transform> ofUnknownClass() {
    FormTable table = FormTable.get();
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
    Form usual = form(withoutOptional(), memory, false);
    Map<String, String> names = FormFitting.withoutModule(memory);
    if (names.isEmpty()) {
      return usual;
    }
    Form other = usual.withRenamed(names);
    List<String> published = published(other, memory);
    Optional<ExpectedModel> expected = expected(published);
    boolean isWrapped =
        expected.isPresent()
            && hits(expected.get(), published) > hits(expected.get(), published(usual, memory));
    return isWrapped ? other : usual;
  }

  private static List<String> published(Form form, List<MemoryTensor> memory) {
    return form.apply(memory).stream().map(PublishedTensor::name).toList();
  }

  private static long hits(ExpectedModel model, List<String> names) {
    return names.stream().filter(model.tensors()::containsKey).count();
  }

  private Form form(List<Transform> taken, List<MemoryTensor> memory, boolean isBaseKnown) {
    List<String> names = memory.stream().map(MemoryTensor::name).toList();
    boolean isFloat16 = saved.equals(Optional.of(DType.F16));
    return new Form(
        taken,
        numbers(taken),
        Map.of(),
        Set.of(),
        tree.map(ModelTree::ignored).orElse(Set.of()),
        tree.map(found -> found.wide(memory, isFloat16)).orElse(Set.of()),
        tree.map(found -> found.tied(names, isBaseKnown)).orElse(Map.of()));
  }

  private List<Transform> withoutOptional() {
    return transforms.stream()
        .filter(transform -> transform.kind() != Transform.Kind.OPTIONAL)
        .toList();
  }

  /**
   * {@return the form of a model that is made from another: the one that gives most of that one's
   * names and shapes}
   *
   * @param memory the model's tensors
   * @param base the tensors in the other model's files
   */
  public Form form(List<MemoryTensor> memory, Map<String, TensorInfo> base) {
    Form usual = form(withoutOptional(), memory, true);
    List<Transform> all = new ArrayList<>(LegacyNames.transforms(base.keySet()));
    all.addAll(transforms);
    return new FormFitting(memory, base).fit(usual, all);
  }

  /**
   * {@return tensors, and after them those that are joined with them in the files, as far as their
   * shapes follow}
   *
   * @param memory some of the model's tensors
   * @param files the tensors in the model's files
   */
  public List<MemoryTensor> withSiblings(List<MemoryTensor> memory, Map<String, TensorInfo> files) {
    return new Siblings(withoutOptional(), files).with(memory);
  }

  /** {@return the prefix of the names of the base model inside this one, with a dot; or empty} */
  public String basePrefix() {
    String prefix = model.map(ModelClass::basePrefix).orElse("");
    return prefix.isEmpty() ? "" : prefix + ".";
  }

  /**
   * {@return what the files of a model with this config should have, by name; empty if nothing
   * certain is known of it}
   *
   * @param names that they have, for families that are published under one name or another
   */
  public Optional<ExpectedModel> expected(Collection<String> names) {
    return hasCustomCode() ? Optional.empty() : Template.expected(config, names);
  }

  /**
   * {@return what is expected, under the names that the whole model has, or its base alone:
   * whichever of these the published names are, as loaders take both} What the base alone has no
   * place for, such as a head, stays expected: loaders would make it up.
   *
   * @param expected by name
   * @param names of what is published
   */
  public ExpectedModel aligned(ExpectedModel expected, Collection<String> names) {
    UnaryOperator<String> alignment = alignment(expected.tensors().keySet(), names);
    return expected.renamed(alignment);
  }

  /**
   * {@return what gives names the prefix that other names have and they have not, or takes it away;
   * empty for what the others have no place for}
   *
   * @param given names of a model in which the prefix is, or is not
   * @param names of what is published
   */
  public UnaryOperator<String> alignment(Set<String> given, Collection<String> names) {
    String prefix = basePrefix();
    if (prefix.isEmpty() || names.stream().anyMatch(given::contains)) {
      return UnaryOperator.identity();
    }
    boolean isBare = given.stream().noneMatch(name -> name.startsWith(prefix));
    if (isBare && names.stream().anyMatch(name -> given.contains(without(prefix, name)))) {
      return name -> prefix + name;
    }
    return names.stream().anyMatch(name -> given.contains(prefix + name))
        ? name -> without(prefix, name)
        : UnaryOperator.identity();
  }

  private static String without(String prefix, String name) {
    return name.startsWith(prefix) ? name.substring(prefix.length()) : "";
  }

  /**
   * {@return which tensors may be the same as others: alias to canonical name, those of files where
   * they are the same in memory}
   *
   * @param names that there are
   * @param isAsked whether only those count that the config says are tied
   */
  public Map<String, String> tied(Collection<String> names, boolean isAsked) {
    return tree.map(found -> found.tied(names, !isAsked)).orElse(Map.of());
  }

  /**
   * {@return the names in memory of all tensors that are the same as others while the config ties:
   * alias to canonical name, which is no alias itself}
   */
  public Map<String, String> aliases() {
    return tree.map(ModelTree::aliases).orElse(Map.of());
  }

  /**
   * {@return whether loaders do not mind if a tensor is missing}
   *
   * @param name in the files
   */
  public boolean mayMiss(String name) {
    return tree.map(found -> found.mayMiss(name)).orElse(false);
  }

  /**
   * {@return whether loaders do not mind if a tensor that they do not know is there}
   *
   * @param name in the files
   */
  public boolean mayStand(String name) {
    return isStale(name) || tree.map(found -> found.mayStand(name)).orElse(false);
  }

  /**
   * {@return whether a tensor is one that models no longer have as a parameter, but files of old
   * do: what is computed, or a mask}
   *
   * @param name in the files
   */
  public boolean isStale(String name) {
    return COMPUTED.matcher(name).find()
        || (MASK.matcher(name).find() && tree.map(found -> found.mayStand(name)).orElse(false));
  }

  /**
   * Returns the config's numbers, if an operation asks for any: the text config's by their names.
   */
  private Map<String, Long> numbers(List<Transform> taken) {
    boolean isAsked =
        taken.stream()
            .flatMap(transform -> transform.operations().stream())
            .anyMatch(Transform.Operation::asksConfig);
    return isAsked ? Transform.numbers(config) : Map.of();
  }
}
