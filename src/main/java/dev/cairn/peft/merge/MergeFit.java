package dev.cairn.peft.merge;

import dev.cairn.form.FormResolver;
import dev.cairn.form.check.FormCheck;
import dev.cairn.form.template.ExpectedModel;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.fit.ConfigFit;
import dev.cairn.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The config of a merged model. A head of another task makes it a model of another class: it then
 * lacks what the base has for its own task, and its names have the prefix that the base's may lack.
 */
final class MergeFit {
  private final BaseWeights planned;
  private final ModelConfig config;
  private final Map<String, TensorInfo> stored;

  private MergeFit(BaseWeights planned, ModelConfig config) {
    this.planned = planned;
    this.config = config;
    this.stored = planned.stored();
  }

  /**
   * Returns the config of what was planned, whose tensors get their names for it.
   *
   * @param config of the base
   * @param task of PEFT's; empty if the adapter says none
   * @throws IllegalArgumentException if there is a new head, or a tensor of another shape, and no
   *     config of this family fits it
   */
  static Optional<ModelConfig> of(
      BaseWeights planned, Optional<ModelConfig> config, Optional<String> task) {
    Optional<String> misfit = planned.misfit();
    if (misfit.isEmpty()) {
      return config;
    }
    if (config.isEmpty()) {
      throw new IllegalArgumentException(misfit.get());
    }
    return Optional.of(new MergeFit(planned, config.get()).find(task, misfit.get()));
  }

  private ModelConfig find(Optional<String> task, String misfit) {
    ModelConfig fitted =
        ConfigFit.find(config, stored, false, task, this::published)
            .map(ConfigFit.Fit::config)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        misfit + ConfigFit.reason(config, task, this::published)));
    planned.keep(names(fitted));
    return fitted;
  }

  private List<TensorInfo> published(ModelConfig tried) {
    Map<String, String> names = names(tried);
    List<TensorInfo> published = new ArrayList<>();
    for (WeightMerge merge : planned.all()) {
      String name = names.get(merge.name());
      if (name != null) {
        published.add(new TensorInfo(name, merge.base().dtype(), merge.shape()));
      }
    }
    return published;
  }

  private boolean isOfBase(WeightMerge merge) {
    return stored.containsKey(merge.name()) && merge.isUntouched();
  }

  /** Returns the names that tensors have in a model with some config; none for what it has not. */
  private Map<String, String> names(ModelConfig tried) {
    List<String> all = planned.all().stream().map(WeightMerge::name).toList();
    FormResolver resolver = FormResolver.of(tried.tree(), Optional.empty());
    Set<String> expected =
        resolver.expected(all).map(ExpectedModel::tensors).map(Map::keySet).orElse(Set.of());
    boolean isOther = !tried.architectures().equals(config.architectures());
    Map<String, String> names = new LinkedHashMap<>();
    for (WeightMerge merge : planned.all()) {
      String name = merge.name();
      String prefixed = resolver.basePrefix() + name;
      boolean isKnown = !isOther || expected.contains(name);
      boolean isHeadOfBase =
          expected.isEmpty() ? FormCheck.isHead(name) : !expected.contains(prefixed);
      if (!isKnown && expected.contains(prefixed)) {
        names.put(name, prefixed);
      } else if (isKnown || !isOfBase(merge) || !isHeadOfBase) {
        names.put(name, name);
      }
    }
    return names;
  }
}
