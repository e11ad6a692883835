package dev.cairn.hf;

import dev.cairn.form.FormCheck;
import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.form.template.ExpectedModel;
import dev.cairn.form.template.ExpectedTensor;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Tells whether tensors are the model that a config describes. Immutable; any thread. */
public final class ModelForm {
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
    Map<String, ExpectedTensor> expected = new HashMap<>();
    base.forEach((name, tensor) -> expected.put(name, ExpectedTensor.of(tensor.shape())));
    ExpectedModel model = new ExpectedModel(expected, Set.of());
    return compare(tensors, resolver.aligned(model, names(tensors)));
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
        .or(() -> FormCheck.certain(tensors));
  }

  private static List<String> names(Collection<TensorInfo> tensors) {
    return tensors.stream().map(TensorInfo::name).toList();
  }

  /**
   * {@return what a loader would complain of; empty text if nothing, and nothing at all if it is
   * not known what the config says} Loaders take the names that tensors have in memory, too.
   *
   * @param tensors of the files
   */
  public Optional<String> loadingDifference(Collection<TensorInfo> tensors) {
    Optional<ExpectedModel> known = resolver.expected(names(tensors));
    if (known.isEmpty()) {
      return FormCheck.certain(tensors);
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
    return FormCheck.compare(
        tensors,
        all,
        name ->
            incomplete
                || optional.contains(name)
                || resolver.mayMiss(name)
                || resolver.isStale(name),
        name -> stored.contains(name) || optional.contains(name) || resolver.mayStand(name));
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
    return FormCheck.suspicions(tensors, config.vocabulary(), mayBeQuantised);
  }
}
