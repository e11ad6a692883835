package dev.cairn.peft.merge;

import static java.util.stream.Collectors.partitioningBy;

import dev.cairn.form.place.Location;
import dev.cairn.form.place.Place;
import dev.cairn.hf.ModelConfig;
import dev.cairn.json.JsonNumber;
import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.peft.stored.WeightSource;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decides what an adapter does to each tensor of its base model, reading no data. */
final class MergePlan {
  private static final Set<String> NEW_HEADS = Set.of("SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS");

  private final StoredWeights adapter;
  private final LoraConfig config;
  private final AdapterTensors tensors;
  private final AdapterTargets targets;
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
    LoraVariants.check(config);
    this.adapter = adapter;
    this.config = config;
    this.tensors = new AdapterTensors(adapter, config);
    this.orientation = new Orientation(config, baseConfig);
    this.targets = new AdapterTargets(tensors, config, baseFolder, baseConfig, orientation);
    this.base = new BaseWeights(baseFolder, targets.ties());
  }

  /**
   * Returns the tensors of the result.
   *
   * @throws IllegalArgumentException if a target is missing in the base or does not fit it
   * @throws IOException if the base cannot be read
   */
  BaseWeights make() throws IOException {
    checkTargets();
    base.checkTied(targets.names().stream().map(name -> targets.find(name).name()).toList());
    Map<Boolean, List<String>> names =
        tensors.replacements().keySet().stream().collect(partitioningBy(this::isCopy));
    // first the copies: what a module has as its own is no longer its tied partner's
    names.get(true).forEach(name -> replace(name, true));
    names.get(false).forEach(name -> replace(name, false));
    tensors.layers().forEach(this::merge);
    targets.parameters().forEach(found -> new ExpertMerge(config, base).add(found));
    tensors.tokens().forEach(this::replaceRows);
    return base;
  }

  private void checkTargets() {
    List<String> missing =
        targets.names().stream().filter(name -> !isFound(name) && !isNew(name)).sorted().toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(missing(missing));
    }
  }

  private String missing(List<String> names) {
    int all = targets.names().size();
    return "adapter's targets are missing in the base model: %d of %d targets found; first missing:"
            .formatted(all - names.size(), all)
        + " tensor=%s, base=%s".formatted(names.get(0), base.root());
  }

  private boolean isFound(String name) {
    Location found = targets.find(name);
    return found.isStored() || base.has(found.name());
  }

  /** Returns whether a tensor is of a head that the base has not, and the adapter's task has. */
  private boolean isNew(String name) {
    AdapterTensors.Replacement replacement = tensors.replacements().get(name);
    return replacement != null && !replacement.isInPlace() && isModuleToSave(name);
  }

  /** Returns whether a module has the tensor of this name as a copy of its own. */
  private boolean isCopy(String name) {
    return !tensors.replacements().get(name).isInPlace() && isModuleToSave(name);
  }

  private void replace(String name, boolean isCopy) {
    WeightSource source = source(tensors.replacements().get(name).tensor());
    Location found = targets.find(name);
    if (!found.isWhole()) {
      for (Place place : found.places()) {
        WeightMerge target = base.find(place.stored());
        checkDtypes(name, target, source);
        target.add(new WeightMerge.Patch(source, range(place)));
      }
      return;
    }
    if (isCopy && !isFound(name)) {
      base.add(found.name(), source, missing(List.of(name)));
      return;
    }
    // PEFT then lets the tied modules share one copy, and saves it under both names
    boolean isOwn = isCopy && !config.isOn("ensure_weight_tying");
    List<WeightMerge> all = isOwn ? List.of(base.own(found.name())) : base.shared(found.name());
    for (WeightMerge merge : all) {
      checkDtypes(name, merge, source);
      if (merge.shape().equals(source.shape())) {
        merge.replace(source);
      } else {
        base.reshape(merge, source, misfit(name, merge, source.shape().toString()).getMessage());
      }
    }
  }

  private static void checkDtypes(String name, WeightMerge merge, WeightSource source) {
    boolean castable = merge.base().dtype().isCastable() && source.dtype().isCastable();
    if (merge.base().dtype() != source.dtype() && !castable) {
      throw misfit(name, merge, source.dtype().toString());
    }
  }

  private static WeightMerge.Range range(Place place) {
    return new WeightMerge.Range(place.storedBegin(), place.memoryBegin(), place.elements());
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
    return isNewHead() && !isFound(name); // PEFT trains a classifier's head unasked
  }

  private void merge(String module, AdapterTensors.Layer layer) {
    double scale = config.scale(module);
    if ((layer.magnitude() != null) != config.usesDora()) {
      throw new IllegalArgumentException(
          "adapter and config disagree: module=%s has %s lora_magnitude_vector, use_dora=%s"
              .formatted(module, layer.magnitude() == null ? "no" : "a", config.usesDora()));
    }
    Location found = targets.find(module + ".weight");
    if (found.isWhole()) {
      for (WeightMerge target : base.shared(found.name())) {
        Shape shape = target.shape();
        boolean isTransposed =
            orientation.isTransposed(target.name(), shape, target.base().dtype(), layer);
        target.add(new WeightMerge.Product(low(layer, scale, isTransposed), target.all()));
        if (layer.magnitude() != null) {
          rescale(module, target, layer, isTransposed);
        }
      }
    } else {
      mergeParts(module, layer, scale, found.places());
    }
    if (layer.bias() != null) {
      mergeBias(module, layer.bias(), scale);
    }
  }

  private LowRankSource low(AdapterTensors.Layer layer, double scale, boolean isTransposed) {
    return new LowRankSource(layer.a(), layer.b(), ExpertSlice.WHOLE, scale, isTransposed);
  }

  /** Merges a layer whose weight is part of others in the files. */
  private void mergeParts(
      String module, AdapterTensors.Layer layer, double scale, List<Place> places) {
    Shape shape = orientation.shape(module, layer);
    LowRankSource source = null;
    for (Place place : places) {
      WeightMerge target = base.find(place.stored());
      boolean isTransposed =
          orientation.isTransposed(target.name(), shape, target.base().dtype(), layer);
      source = source == null ? low(layer, scale, isTransposed) : source;
      target.add(new WeightMerge.Product(source, range(place)));
      if (layer.magnitude() != null) {
        long columns = shape.elements() / shape.dimension(0);
        boolean areRows =
            !isTransposed
                && place.storedBegin() % columns == 0
                && place.memoryBegin() % columns == 0
                && place.elements() % columns == 0
                && target.shape().elements() / target.shape().dimension(0) == columns;
        if (!areRows) {
          throw new IllegalArgumentException(
              "cannot merge DoRA into a weight whose rows are apart: module=%s, tensor=%s"
                  .formatted(module, target.name()));
        }
        WeightMerge.Range rows =
            new WeightMerge.Range(
                place.storedBegin() / columns,
                place.memoryBegin() / columns,
                place.elements() / columns);
        target.add(new WeightMerge.Magnitude(source(layer.magnitude()), false, rows));
      }
    }
  }

  private void rescale(
      String module, WeightMerge target, AdapterTensors.Layer layer, boolean isTransposed) {
    long outputs = layer.b().shape().dimension(0);
    if (layer.magnitude().shape().elements() != outputs) {
      throw misfit(module, target, layer.magnitude().shape() + " for lora_magnitude_vector");
    }
    if (!target.magnitudes().isEmpty()) {
      throw new IllegalArgumentException(
          "two DoRA layers share one tied weight: tensor=" + target.name());
    }
    target.add(
        new WeightMerge.Magnitude(
            source(layer.magnitude()), isTransposed, new WeightMerge.Range(0, 0, outputs)));
  }

  private void mergeBias(String module, StoredWeight bias, double scale) {
    Location found = targets.find(module + ".bias");
    if (!found.isWhole()) {
      for (Place place : found.places()) {
        base.find(place.stored()).add(new WeightMerge.AddedBias(source(bias), scale, range(place)));
      }
      return;
    }
    for (WeightMerge target : base.shared(found.name())) {
      if (!target.shape().equals(bias.shape())) {
        throw misfit(module, target, bias.shape().toString());
      }
      target.add(new WeightMerge.AddedBias(source(bias), scale, target.all()));
    }
  }

  private void replaceRows(String module, StoredWeight rows) {
    List<Integer> indices = tokenIndices(module);
    for (WeightMerge target : base.shared(targets.find(module + ".weight").name())) {
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
