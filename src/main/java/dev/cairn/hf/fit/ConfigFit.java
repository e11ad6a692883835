package dev.cairn.hf.fit;

import dev.cairn.form.check.FormCheck;
import dev.cairn.form.check.QuantisedWeights;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelForm;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Finds the config that describes some weights, where a base model's does not: another size of the
 * vocabulary, other labels, the class of another task. Each change is tried, and taken only if the
 * weights are then exactly what the config says.
 */
public final class ConfigFit {
  private static final Pattern VOCABULARY =
      Pattern.compile(
          "(?:^|.*\\.)(?:shared|embed_tokens|wte|word_embeddings|embed_in|tok_embeddings|lm_head"
              + "|embed_out)\\.weight");

  private static final Pattern LABELS =
      Pattern.compile(
          "(?:^|.*\\.)(?:score|classifier|(?:classifier|classification_head)\\.out_proj|qa_outputs)"
              + "\\.weight");

  /** What most classes that read text backwards have for a label of a whole text, or of a token. */
  private static final Map<String, Set<String>> SCORES =
      Map.of(
          "ForSequenceClassification", Set.of("score.weight"),
          "ForTokenClassification", Set.of("score.weight", "score.bias"));

  private final ModelConfig config;
  private final Map<String, TensorInfo> base;
  private final boolean incomplete;

  private ConfigFit(ModelConfig config, Map<String, TensorInfo> base, boolean incomplete) {
    this.config = config;
    this.base = base;
    this.incomplete = incomplete;
  }

  /**
   * A config that fits.
   *
   * @param config describes the weights
   * @param tensors the weights, as models of this config are published
   * @param base the base model's tensors as they would be with this config: what there is of them
   */
  public record Fit(
      ModelConfig config, Collection<TensorInfo> tensors, Map<String, TensorInfo> base) {}

  /**
   * Finds a config.
   *
   * @param config of the base model
   * @param base its tensors, by name; none if they are not known
   * @param incomplete whether tensors may be missing
   * @param task of PEFT's; empty if it is not known
   * @param published says what the weights are published as, with some config
   * @return the config as it was, but for quantisation that the weights do not have, if it fits;
   *     another one that does; empty if none does
   */
  public static Optional<Fit> find(
      ModelConfig config,
      Map<String, TensorInfo> base,
      boolean incomplete,
      Optional<String> task,
      Function<ModelConfig, Collection<TensorInfo>> published) {
    Collection<TensorInfo> tensors = published.apply(config);
    boolean isPlain = QuantisedWeights.among(tensors, Map.of()).isEmpty();
    ModelConfig start = isPlain ? config.withoutQuantisation() : config;
    return new ConfigFit(start, base, incomplete).find(tensors, task, published);
  }

  /**
   * {@return why the weights are not even the likeliest other model, to be said behind something
   * else; empty if there is none}
   *
   * @param config of the base model
   * @param task of PEFT's; empty if it is not known
   * @param published says what the weights are published as, with some config
   */
  public static String reason(
      ModelConfig config,
      Optional<String> task,
      Function<ModelConfig, Collection<TensorInfo>> published) {
    for (String name : TaskClasses.of(config.tree(), task)) {
      Map<String, Object> tree = ConfigEdits.withArchitecture(config.tree(), name);
      Collection<TensorInfo> tensors = published.apply(ModelConfig.of(tree));
      for (long count : sizes(LABELS, tensors)) {
        ModelConfig labelled = ModelConfig.of(ConfigEdits.withLabels(tree, count));
        Optional<String> known = new ModelForm(labelled).difference(tensors);
        if (known.isPresent() && !known.get().isEmpty()) {
          return "; for %s, %s".formatted(name, known.get().split("; to take them", 2)[0]);
        }
      }
    }
    return "";
  }

  private Optional<Fit> find(
      Collection<TensorInfo> tensors,
      Optional<String> task,
      Function<ModelConfig, Collection<TensorInfo>> published) {
    ModelForm form = new ModelForm(config, incomplete);
    boolean fits =
        base.isEmpty()
            ? form.difference(tensors).map(String::isEmpty).orElse(true)
            : form.difference(tensors, base).isEmpty();
    if (fits) {
      return Optional.of(new Fit(config, tensors, base));
    }
    Optional<Fit> same = sized(config, tensors);
    if (same.isPresent()) {
      return same;
    }
    for (String other : TaskClasses.of(config.tree(), task)) {
      ModelConfig renamed = ModelConfig.of(ConfigEdits.withArchitecture(config.tree(), other));
      Optional<Fit> fit = sized(renamed, published.apply(renamed));
      if (fit.isPresent()) {
        return fit;
      }
    }
    return Optional.empty();
  }

  /** Returns what fits of a config with some sizes of the vocabulary and numbers of labels. */
  private Optional<Fit> sized(ModelConfig of, Collection<TensorInfo> tensors) {
    List<Map<String, Object>> sizes = new ArrayList<>(List.of(of.tree()));
    sizes(VOCABULARY, tensors)
        .forEach(size -> sizes.addAll(ConfigEdits.withVocabulary(of.tree(), size)));
    for (Map<String, Object> sized : sizes) {
      List<Map<String, Object>> all = new ArrayList<>(List.of(sized));
      sizes(LABELS, tensors).forEach(count -> all.add(ConfigEdits.withLabels(sized, count)));
      for (Map<String, Object> tree : all) {
        Optional<Fit> fit = tried(ModelConfig.of(tree), tensors);
        if (fit.isPresent()) {
          return fit;
        }
      }
    }
    return Optional.empty();
  }

  private static Set<Long> sizes(Pattern names, Collection<TensorInfo> tensors) {
    Set<Long> sizes = new LinkedHashSet<>();
    for (TensorInfo tensor : tensors) {
      if (tensor.shape().dimensions() == 2 && names.matcher(tensor.name()).matches()) {
        sizes.add(tensor.shape().dimension(0));
      }
    }
    return sizes;
  }

  private Optional<Fit> tried(ModelConfig tried, Collection<TensorInfo> tensors) {
    Optional<String> known = new ModelForm(tried, incomplete).difference(tensors);
    boolean fits =
        known.isPresent()
            ? known.get().isEmpty()
            : tried.architectures().equals(config.architectures())
                ? fitsAsBase(tried, tensors)
                : isScoring(tried, tensors);
    return fits ? Optional.of(new Fit(tried, tensors, asIn(tensors))) : Optional.empty();
  }

  /** Of a family of which nothing certain is known: like the base, but for sizes that it says. */
  private boolean fitsAsBase(ModelConfig tried, Collection<TensorInfo> tensors) {
    if (base.isEmpty()) { // what contradicted the config was certain, and does no longer
      return sizes(VOCABULARY, tensors).size() == 1
          && new ModelForm(config, incomplete).difference(tensors).isPresent();
    }
    Map<Long, Long> sizes = new HashMap<>();
    for (TensorInfo tensor : tensors) {
      TensorInfo other = base.get(tensor.name());
      boolean isSaid =
          VOCABULARY.matcher(tensor.name()).matches()
              ? tried.vocabularies().contains(tensor.shape().dimension(0))
              : LABELS.matcher(tensor.name()).matches()
                  && ConfigEdits.labels(tried.tree()) == tensor.shape().dimension(0);
      if (other != null && isSaid) {
        sizes.put(other.shape().dimension(0), tensor.shape().dimension(0));
      }
    }
    Map<String, TensorInfo> resized = new LinkedHashMap<>(base);
    for (TensorInfo tensor : tensors) {
      TensorInfo other = base.get(tensor.name());
      boolean isVocabulary = other != null && VOCABULARY.matcher(tensor.name()).matches();
      if (isVocabulary && !resized(other.shape(), sizes).equals(tensor.shape())) {
        return false; // embedding and output had one size and have two
      }
      if (other != null && resized(other.shape(), sizes).equals(tensor.shape())) {
        resized.put(tensor.name(), new TensorInfo(tensor.name(), other.dtype(), tensor.shape()));
      }
    }
    return new ModelForm(tried, incomplete).difference(tensors, resized).isEmpty();
  }

  private static Shape resized(Shape shape, Map<Long, Long> sizes) {
    return Shape.of(
        Arrays.stream(shape.toArray()).map(size -> sizes.getOrDefault(size, size)).toArray());
  }

  /** Returns whether tensors are the base's with a new head that all classes of a task have. */
  private boolean isScoring(ModelConfig tried, Collection<TensorInfo> tensors) {
    Set<String> added = new HashSet<>();
    Set<String> kept = new HashSet<>();
    for (TensorInfo tensor : tensors) {
      TensorInfo other = base.get(tensor.name());
      if (other != null && !other.shape().equals(tensor.shape())) {
        return false;
      }
      boolean isLabelled = tensor.shape().dimension(0) == ConfigEdits.labels(tried.tree());
      if (other == null && !isLabelled) {
        return false;
      }
      (other == null ? added : kept).add(tensor.name());
    }
    String name = tried.architectures().get(0);
    return base.keySet().stream().allMatch(one -> kept.contains(one) || FormCheck.isHead(one))
        && SCORES.entrySet().stream()
            .anyMatch(score -> name.endsWith(score.getKey()) && added.equals(score.getValue()));
  }

  /** Returns the base's tensors with the shapes of those that fit, and these where it has none. */
  private Map<String, TensorInfo> asIn(Collection<TensorInfo> tensors) {
    Map<String, TensorInfo> all = new LinkedHashMap<>();
    if (!base.isEmpty()) {
      for (TensorInfo tensor : tensors) {
        TensorInfo other = base.getOrDefault(tensor.name(), tensor);
        all.put(tensor.name(), new TensorInfo(tensor.name(), other.dtype(), tensor.shape()));
      }
    }
    return all;
  }
}
