package dev.cairn.peft.merge;

import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.place.Location;
import dev.cairn.form.place.Places;
import dev.cairn.hf.ModelConfig;
import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a base model's files have what an adapter is about, whose names are those in the memory of
 * the model that it was trained on. Immutable.
 */
final class AdapterTargets {
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final String HEAD = "lm_head.weight";

  private final Places places;
  private final Map<String, String> tied;
  private final Set<String> names = new HashSet<>();
  private final List<ParameterTarget.Found> parameters;

  /**
   * Finds all targets of an adapter.
   *
   * @throws IllegalArgumentException if parameters that were trained by their own names are not
   *     found, or may be several
   */
  AdapterTargets(
      AdapterTensors tensors,
      LoraConfig adapterConfig,
      StoredWeights base,
      Optional<ModelConfig> config,
      Orientation orientation) {
    Map<String, TensorInfo> files = new LinkedHashMap<>();
    for (StoredWeight tensor : base.tensors()) {
      files.put(tensor.name(), new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape()));
    }
    FormResolver resolver =
        FormResolver.of(config.map(ModelConfig::tree).orElse(Map.of()), Optional.empty());
    ParameterTargets wrapped =
        new ParameterTargets(adapterConfig, base, each -> Places.find(resolver, files, each));
    wrapped.layers(tensors.wrappers()).forEach(tensors::unwrap);
    this.parameters = wrapped.find(tensors.wrappers());
    List<MemoryTensor> wanted = wanted(tensors, orientation);
    wanted.forEach(tensor -> names.add(tensor.name()));
    if (!names.contains(HEAD)) { // where it would be, if it has to be untied
      wanted.add(new MemoryTensor(HEAD, Shape.of()));
    }
    this.places = Places.find(resolver, files, wanted);
    Set<String> known = new HashSet<>(names);
    known.addAll(files.keySet());
    this.tied = resolver.tied(known, false);
  }

  private static List<MemoryTensor> wanted(AdapterTensors tensors, Orientation orientation) {
    List<MemoryTensor> wanted = new ArrayList<>();
    tensors
        .layers()
        .forEach(
            (module, layer) -> {
              wanted.add(new MemoryTensor(module + WEIGHT, orientation.shape(layer)));
              if (layer.bias() != null) {
                wanted.add(new MemoryTensor(module + BIAS, layer.bias().shape()));
              }
            });
    tensors
        .tokens()
        .forEach((module, rows) -> wanted.add(new MemoryTensor(module + WEIGHT, rows.shape())));
    tensors
        .replacements()
        .forEach((name, other) -> wanted.add(new MemoryTensor(name, other.tensor().shape())));
    // one may be there twice: a layer whose base is saved, too
    Map<String, MemoryTensor> byName = new LinkedHashMap<>();
    wanted.forEach(tensor -> byName.putIfAbsent(tensor.name(), tensor));
    return new ArrayList<>(byName.values());
  }

  /** Returns the names of the targets. */
  Set<String> names() {
    return names;
  }

  /** Returns the parameters that were trained by their own names. */
  List<ParameterTarget.Found> parameters() {
    return parameters;
  }

  /** Returns the name that the output projection has in the files, or would have. */
  String head() {
    return places.get(HEAD).name();
  }

  /**
   * Returns where a target is; one that is the same as another in memory is where that one is, but
   * for the output projection, which may become one of its own.
   */
  Location find(String name) {
    Location found = places.get(name);
    String same = tied.get(name);
    if (found.isStored() || same == null || found.name().equals(head())) {
      return found;
    }
    return names.contains(same) ? places.get(same) : new Location(same, true, List.of());
  }
}
