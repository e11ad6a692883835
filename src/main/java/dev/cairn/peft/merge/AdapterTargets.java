package dev.cairn.peft.merge;

import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.place.Location;
import dev.cairn.form.place.Places;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.TiedNames;
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
import java.util.TreeMap;
import java.util.TreeSet;

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
  private final WeightTies ties;
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
    Map<String, String> aliases = resolver.aliases();
    Set<String> others = new TreeSet<>(); // where they would be, if they have to be untied
    if (resolver.isKnown()) {
      others.addAll(aliases.keySet());
      others.addAll(aliases.values());
    } else {
      others.add(HEAD);
    }
    others.removeAll(names);
    for (String other : others) {
      Shape shape = files.containsKey(other) ? files.get(other).shape() : Shape.of();
      wanted.add(new MemoryTensor(other, shape));
    }
    this.places = Places.find(resolver, files, wanted);
    boolean isTying = config.map(ModelConfig::tiesWordEmbeddings).orElse(false);
    this.ties = WeightTies.of(stored(resolver, files.keySet(), aliases), files.keySet(), isTying);
    Set<String> known = new HashSet<>(names);
    known.addAll(files.keySet());
    this.tied = resolver.tied(known, false);
  }

  /** Returns what is the same as what, by the names that the files have or would have. */
  private Map<String, String> stored(
      FormResolver resolver, Set<String> files, Map<String, String> aliases) {
    Map<String, String> stored = new TreeMap<>();
    if (resolver.isKnown()) {
      aliases.forEach(
          (alias, canonical) -> {
            if (places.get(alias).isWhole() && places.get(canonical).isWhole()) {
              stored.put(places.get(alias).name(), places.get(canonical).name());
            }
          });
    } else {
      TiedNames.find(files)
          .ifPresent(
              found ->
                  stored.put(
                      found.aliasIsStored() ? found.alias() : places.get(HEAD).name(),
                      found.canonical()));
    }
    return stored;
  }

  private static List<MemoryTensor> wanted(AdapterTensors tensors, Orientation orientation) {
    List<MemoryTensor> wanted = new ArrayList<>();
    tensors
        .layers()
        .forEach(
            (module, layer) -> {
              wanted.add(new MemoryTensor(module + WEIGHT, orientation.shape(module, layer)));
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

  /** Returns which tensors are one in memory, by the names that the files have or would have. */
  WeightTies ties() {
    return ties;
  }

  /**
   * Returns where a target is; one that is the same as another in memory is where that one is, but
   * for those that may become one of their own.
   */
  Location find(String name) {
    Location found = places.get(name);
    String same = tied.get(name);
    if (found.isStored() || same == null || !ties.of(found.name()).isEmpty()) {
      return found;
    }
    return names.contains(same) ? places.get(same) : new Location(same, true, List.of());
  }
}
