package dev.cairn.peft;

import static java.util.stream.Collectors.partitioningBy;

import dev.cairn.hf.ModelConfig;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decides what an adapter does to each tensor of its base model, reading no data. */
final class MergePlan {
  private static final List<String> VARIANTS =
      List.of(
          "use_qalora",
          "use_bdlora",
          "alora_invocation_tokens",
          "arrow_config",
          "kasa_config",
          "monteclora_config",
          "velora_config",
          "target_parameters",
          "layer_replication");

  /** Initialisations that change the base weights: the adapter does not fit the plain ones. */
  private static final List<String> CHANGING_BASE =
      List.of("pissa", "olora", "corda", "lora_ga", "loftq");

  private static final Set<String> NEW_HEADS = Set.of("SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS");

  private final StoredWeights adapter;
  private final LoraConfig config;
  private final AdapterTensors tensors;
  private final BaseWeights base;
  private final Orientation orientation;

  /**
   * Prepares a plan.
   *
   * @throws IllegalArgumentException if the adapter is not one that can be merged
   */
  MergePlan(
      StoredWeights baseFolder,
      Optional<ModelConfig> baseConfig,
      StoredWeights adapter,
      LoraConfig config) {
    checkVariant(config);
    this.adapter = adapter;
    this.config = config;
    this.tensors = new AdapterTensors(adapter, config);
    this.base = new BaseWeights(baseFolder, baseConfig);
    this.orientation = new Orientation(config, baseConfig);
  }

  private static void checkVariant(LoraConfig config) {
    for (String variant : VARIANTS) {
      if (config.isOn(variant)) {
        throw new IllegalArgumentException(
            "cannot merge this variant of LoRA: %s=%s"
                .formatted(variant, config.fields().get(variant)));
      }
    }
    if (config.fields().get("init_lora_weights") instanceof String init
        && CHANGING_BASE.stream().anyMatch(init::startsWith)) {
      throw new IllegalArgumentException(
          "adapter belongs to changed base weights: init_lora_weights=%s; save it from PEFT with"
                  .formatted(init)
              + " path_initial_model_for_weight_conversion first");
    }
  }

  /**
   * Returns the tensors of the result.
   *
   * @throws IllegalArgumentException if a target is missing in the base or does not fit it
   */
  BaseWeights make() {
    Map<Boolean, List<String>> names =
        tensors.replacements().keySet().stream().collect(partitioningBy(this::isCopy));
    // first the copies: what a module has as its own is no longer its tied partner's
    names.get(true).forEach(name -> replace(name, true));
    names.get(false).forEach(name -> replace(name, false));
    tensors.layers().forEach(this::merge);
    tensors.tokens().forEach(this::replaceRows);
    return base;
  }

  /** Returns whether a module has the tensor of this name as a copy of its own. */
  private boolean isCopy(String name) {
    return !tensors.replacements().get(name).isInPlace() && isModuleToSave(name);
  }

  private void replace(String name, boolean isCopy) {
    WeightSource source = source(tensors.replacements().get(name).tensor());
    if (isCopy && base.find(name) == null && isNewHead()) {
      base.add(name, source);
      return;
    }
    // PEFT then lets the tied modules share one copy, and saves it under both names
    boolean isOwn = isCopy && !config.isOn("ensure_weight_tying");
    for (WeightMerge merge : isOwn ? List.of(base.own(name)) : base.shared(name)) {
      if (!merge.shape().equals(source.shape())) {
        throw misfit(name, merge, source.shape().toString());
      }
      boolean castable = merge.base().dtype().isCastable() && source.dtype().isCastable();
      if (merge.base().dtype() != source.dtype() && !castable) {
        throw misfit(name, merge, source.dtype().toString());
      }
      merge.replace(source);
    }
  }

  private boolean isNewHead() {
    return NEW_HEADS.contains(String.valueOf(config.fields().get("task_type")));
  }

  /** Returns whether a tensor is in a module that modules_to_save names by its end. */
  private boolean isModuleToSave(String name) {
    List<String> saved = config.strings("modules_to_save");
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      String module = name.substring(0, dot);
      if (saved.stream().anyMatch(module::endsWith)) {
        return true;
      }
    }
    return isNewHead() && base.find(name) == null; // PEFT trains a classifier's head unasked
  }

  private void merge(String module, AdapterTensors.Layer layer) {
    double scale = config.scale(module);
    if ((layer.magnitude() != null) != config.usesDora()) {
      throw new IllegalArgumentException(
          "adapter and config disagree: module=%s has %s lora_magnitude_vector, use_dora=%s"
              .formatted(module, layer.magnitude() == null ? "no" : "a", config.usesDora()));
    }
    List<WeightMerge> targets = base.shared(module + ".weight");
    for (WeightMerge target : targets) {
      boolean isTransposed = orientation.isTransposed(target, layer);
      target.add(new LowRankSource(adapter, layer.a(), layer.b(), scale, isTransposed));
      if (layer.magnitude() != null) {
        rescale(module, target, layer, isTransposed);
      }
    }
    if (layer.bias() != null) {
      mergeBias(module, layer.bias(), scale);
    }
  }

  private void rescale(
      String module, WeightMerge target, AdapterTensors.Layer layer, boolean isTransposed) {
    long outputs = layer.b().shape().dimension(0);
    if (layer.magnitude().shape().elements() != outputs) {
      throw misfit(module, target, layer.magnitude().shape() + " for lora_magnitude_vector");
    }
    if (target.magnitude() != null) {
      throw new IllegalArgumentException(
          "two DoRA layers share one tied weight: tensor=" + target.name());
    }
    target.rescale(new WeightMerge.Magnitude(source(layer.magnitude()), isTransposed));
  }

  private void mergeBias(String module, StoredWeight bias, double scale) {
    for (WeightMerge target : base.shared(module + ".bias")) {
      if (!target.shape().equals(bias.shape())) {
        throw misfit(module, target, bias.shape().toString());
      }
      target.addBias(new WeightMerge.AddedBias(source(bias), scale));
    }
  }

  private void replaceRows(String module, StoredWeight rows) {
    List<Integer> indices = tokenIndices(module);
    for (WeightMerge target : base.shared(module + ".weight")) {
      Shape shape = target.shape();
      boolean fits =
          shape.dimensions() == 2
              && rows.shape().equals(Shape.of(indices.size(), shape.dimension(1)))
              && indices.stream().allMatch(index -> index >= 0 && index < shape.dimension(0));
      if (!fits) {
        throw misfit(module, target, rows.shape() + " for trainable_token_indices=" + indices);
      }
      target.add(new WeightMerge.TokenRows(indices, source(rows)));
    }
  }

  private List<Integer> tokenIndices(String module) {
    Object field = config.fields().get("trainable_token_indices");
    if (field instanceof Map<?, ?> byModule) {
      field =
          byModule.entrySet().stream()
              .filter(e -> module.equals(e.getKey()) || module.endsWith("." + e.getKey()))
              .map(Map.Entry::getValue)
              .findFirst()
              .orElse(null);
    }
    List<Integer> indices = new ArrayList<>();
    if (field instanceof List<?> list) {
      for (Object element : list) {
        indices.add(element instanceof JsonNumber number ? (int) number.longValue() : -1);
      }
    }
    return indices;
  }

  private WeightSource source(StoredWeight tensor) {
    return new WeightSource(adapter, tensor);
  }

  private static IllegalArgumentException misfit(String name, WeightMerge target, String has) {
    return new IllegalArgumentException(
        "adapter does not fit the base model: target=%s, adapter has %s, base has %s %s"
            .formatted(name, has, target.shape(), target.base().dtype()));
  }
}
