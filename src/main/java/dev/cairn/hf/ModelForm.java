package dev.cairn.hf;

import dev.cairn.form.FormResolver;
import dev.cairn.form.LegacyNames;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.form.check.FormCheck;
import dev.cairn.form.check.ResizedVocabulary;
import dev.cairn.form.check.Suspicions;
import dev.cairn.form.template.ExpectedModel;
import dev.cairn.form.template.ExpectedTensor;
import dev.cairn.json.JsonNumber;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Tells whether tensors are the model that a config describes. Immutable; any thread. */
public final class ModelForm {
  /** In the names of classes with a head, and not of those without. */
  private static final Pattern HEAD = Pattern.compile("For|LMHead");

  private final ModelConfig config;
  private final FormResolver resolver;
  private final boolean incomplete;

  /**
   * Prepares a comparison.
   *
   * @param config the model's
   */
  public ModelForm(ModelConfig config) {
    this(config, false);
  }

  /**
   * Prepares a comparison.
   *
   * @param config the model's
   * @param incomplete whether tensors may be missing
   */
  public ModelForm(ModelConfig config, boolean incomplete) {
    this.config = config;
    this.incomplete = incomplete;
    this.resolver = FormResolver.of(config.tree(), Optional.empty());
  }

  /**
   * {@return what is different from another model's tensors, with what to do; empty if nothing is}
   *
   * @param tensors of the files
   * @param base the other model's, by name
   */
  public String difference(Collection<TensorInfo> tensors, Map<String, TensorInfo> base) {
    List<TensorInfo> modern = tensors.stream().map(ModelForm::modern).toList();
    Optional<FormCheck> asked =
        resolver
            .expected(names(modern))
            .map(
                expected ->
                    check(modern, resolver.aligned(expected, names(modern)), name -> false));
    Map<String, ExpectedTensor> stored = new HashMap<>();
    for (TensorInfo tensor : base.values()) {
      String name = tensor.name();
      boolean isOfAnotherTask =
          FormCheck.isHead(name) && asked.isPresent() && !asked.get().expects(name);
      if (!isOfAnotherTask) {
        stored.put(name, ExpectedTensor.of(tensor.shape()));
      }
    }
    ExpectedModel model = resolver.aligned(new ExpectedModel(stored, Set.of()), names(tensors));
    String difference =
        check(tensors, model, name -> asked.map(config -> config.expects(name)).orElse(false))
            .difference();
    if (!difference.isEmpty() || asked.isEmpty()) {
      return difference;
    }
    String lacking = asked.get().lacking();
    return lacking.isEmpty() ? "" : lacking + "; the base model lacks them, too";
  }

  /**
   * {@return what is different from what the config says, with what to do; empty text if nothing
   * is, and nothing at all if it is not known what the config says}
   *
   * @param tensors of the files
   */
  public Optional<String> difference(Collection<TensorInfo> tensors) {
    return resolver
        .expected(names(tensors))
        .map(expected -> compare(tensors, expected))
        .or(() -> certain(tensors));
  }

  private static List<String> names(Collection<TensorInfo> tensors) {
    return tensors.stream().map(TensorInfo::name).toList();
  }

  /**
   * {@return what a loader would complain of; empty text if nothing, and nothing at all if it is
   * not known what the config says} Loaders take the names that tensors have in memory, and those
   * that they had in files of old, too.
   *
   * @param stored of the files
   */
  public Optional<String> loadingDifference(Collection<TensorInfo> stored) {
    List<TensorInfo> tensors = stored.stream().map(ModelForm::modern).toList();
    Optional<ExpectedModel> known = resolver.expected(names(tensors));
    if (known.isEmpty()) {
      return certain(tensors);
    }
    ExpectedModel expected = known.get();
    String difference = compare(tensors, resolver.aligned(expected, names(tensors)));
    if (difference.isEmpty()) {
      return Optional.of(difference);
    }
    List<TensorInfo> published = published(List.copyOf(tensors));
    boolean isAsInMemory =
        compare(published, resolver.aligned(expected, names(published))).isEmpty();
    return Optional.of(isAsInMemory ? "" : difference);
  }

  private static TensorInfo modern(TensorInfo tensor) {
    return new TensorInfo(LegacyNames.modern(tensor.name()), tensor.dtype(), tensor.shape());
  }

  /** Returns what tensors with names of memory are published as; themselves if they are not so. */
  private List<TensorInfo> published(List<TensorInfo> given) {
    List<MemoryTensor> memory =
        given.stream().map(tensor -> new MemoryTensor(tensor.name(), tensor.shape())).toList();
    List<TensorInfo> published = new ArrayList<>();
    try {
      for (PublishedTensor tensor : resolver.form(memory).apply(memory)) {
        DType dtype = given.get(tensor.runs().get(0).source()).dtype();
        published.add(new TensorInfo(tensor.name(), dtype, tensor.shape()));
      }
    } catch (IllegalArgumentException e) { // not in the form that it has in memory
      return given;
    }
    return published;
  }

  private String compare(Collection<TensorInfo> tensors, ExpectedModel model) {
    return check(tensors, model, name -> false).difference();
  }

  /**
   * Compares tensors with a model.
   *
   * @param mayBeThere names that may be there though the model does not have them
   */
  private FormCheck check(
      Collection<TensorInfo> tensors, ExpectedModel model, Predicate<String> mayBeThere) {
    Map<String, ExpectedTensor> expected = model.tensors();
    Set<String> there = new HashSet<>(names(tensors));
    Map<String, String> tied = tied(there, expected.keySet());
    Map<String, ExpectedTensor> all = new HashMap<>(expected);
    Set<String> optional = new HashSet<>();
    tied.forEach(
        (alias, canonical) -> {
          optional.add(alias);
          if (there.contains(alias)) {
            optional.add(canonical); // loaders fill the one from the other
            if (expected.containsKey(canonical)) {
              all.putIfAbsent(alias, expected.get(canonical));
            }
          }
        });
    Set<String> stored = new HashSet<>(model.besides());
    stored.addAll(resolver.tied(there, false).keySet()); // twice, which does no harm
    return FormCheck.of(
        tensors,
        all,
        name ->
            incomplete
                || optional.contains(name)
                || resolver.mayMiss(name)
                || resolver.isStale(name),
        name ->
            stored.contains(name)
                || optional.contains(name)
                || resolver.mayStand(name)
                || mayBeThere.test(name));
  }

  /** Returns the tied weights among names, alias to canonical name. */
  private Map<String, String> tied(Set<String> names, Set<String> expected) {
    Set<String> all = new HashSet<>(names);
    all.addAll(expected);
    Map<String, String> tied = new HashMap<>(resolver.tied(all, true));
    if (config.tiesWordEmbeddings()) {
      TiedNames.find(all).ifPresent(found -> tied.put(found.alias(), found.canonical()));
    }
    return tied;
  }

  /**
   * {@return what is wrong with tensors whatever model they are}
   *
   * @param tensors of the files
   */
  public List<String> suspicions(Collection<TensorInfo> tensors) {
    boolean mayBeQuantised = config.tree().get("quantization_config") != null;
    List<String> found = new ArrayList<>(Suspicions.of(tensors, mayBeQuantised));
    resized(tensors).ifPresent(found::add);
    return found;
  }

  /** Returns what no loader takes, though nothing certain is known of the model. */
  private Optional<String> certain(Collection<TensorInfo> tensors) {
    return Suspicions.certain(tensors)
        .or(() -> layers().flatMap(count -> Suspicions.leftOut(tensors, count)))
        .or(() -> resolver.isKnown() ? resized(tensors) : Optional.empty());
  }

  /** Returns how many layers the config says that there are, of text if there are others. */
  private Optional<Long> layers() {
    return Stream.of(config.tree(), config.tree().get("text_config"))
        .filter(Map.class::isInstance)
        .map(fields -> JsonNumber.whole(((Map<?, ?>) fields).get("num_hidden_layers")))
        .filter(OptionalLong::isPresent)
        .map(OptionalLong::getAsLong)
        .findFirst();
  }

  /** Returns how embeddings contradict the config, unless it is a model without a head. */
  private Optional<String> resized(Collection<TensorInfo> tensors) {
    boolean isWhole = config.architectures().stream().allMatch(name -> HEAD.matcher(name).find());
    return isWhole ? ResizedVocabulary.find(tensors, config.vocabularies()) : Optional.empty();
  }
}
