package dev.cairn.peft;

import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.TiedNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tensors of the base model, found by the names that a loaded model gives them. */
final class BaseWeights {
  private final StoredWeights base;
  private final Optional<TiedNames> tied;
  private final Map<String, WeightMerge> merges = new LinkedHashMap<>();
  private boolean untied;

  BaseWeights(StoredWeights base, Optional<ModelConfig> config) {
    this.base = base;
    for (StoredWeight tensor : base.tensors()) {
      merges.put(tensor.name(), new WeightMerge(tensor.name(), new WeightSource(base, tensor)));
    }
    boolean ties = config.map(ModelConfig::tiesWordEmbeddings).orElse(false);
    // a head that is not stored is tied, whatever the config says or leaves to a default
    this.tied = TiedNames.find(merges.keySet()).filter(names -> ties || !names.aliasIsStored());
  }

  /** Returns all tensors of the result, in the order of the base. */
  List<WeightMerge> all() {
    return List.copyOf(merges.values());
  }

  /** Returns whether weights that the base ties are no longer equal. */
  boolean isUntied() {
    return untied;
  }

  /**
   * Returns every tensor in which a loaded model keeps the tensor of this name: two if the base
   * ties it and stores both, unless {@link #own} has untied them.
   *
   * @throws IllegalArgumentException if the base has none
   */
  List<WeightMerge> shared(String name) {
    if (isTied(name)) {
      if (untied) {
        return List.of(untied(name));
      }
      List<WeightMerge> found = new ArrayList<>();
      for (String each : List.of(tied.get().canonical(), tied.get().alias())) {
        if (merges.containsKey(each)) {
          found.add(merges.get(each));
        }
      }
      return found;
    }
    WeightMerge own = find(name);
    if (own == null) {
      throw new IllegalArgumentException(
          "adapter's target is missing in the base model: tensor=%s, base=%s"
              .formatted(name, base.root()));
    }
    return List.of(own);
  }

  private boolean isTied(String name) {
    return tied.isPresent()
        && (endsAlike(tied.get().alias(), name) || endsAlike(tied.get().canonical(), name));
  }

  /** Returns the tensor of this name; null if there is none. */
  WeightMerge find(String name) {
    WeightMerge exact = merges.get(name);
    return exact == null ? merges.get(withoutFirst(name)) : exact;
  }

  /** A checkpoint of the bare model lacks the name that a head's model gives it. */
  private static String withoutFirst(String name) {
    return name.substring(name.indexOf('.') + 1);
  }

  private static boolean endsAlike(String stored, String name) {
    return stored.equals(name) || stored.equals(withoutFirst(name));
  }

  /**
   * Returns the tensor of a module that was trained as a copy of its own: untied, if the base ties
   * it.
   *
   * @throws IllegalArgumentException if the base has none
   */
  WeightMerge own(String name) {
    if (!isTied(name)) {
      return shared(name).get(0);
    }
    untied = true;
    String alias = tied.get().alias();
    if (!merges.containsKey(alias)) {
      WeightSource canonical = merges.get(tied.get().canonical()).base();
      merges.put(alias, new WeightMerge(alias, canonical));
    }
    return untied(name);
  }

  private WeightMerge untied(String name) {
    boolean isAlias = endsAlike(tied.get().alias(), name);
    return merges.get(isAlias ? tied.get().alias() : tied.get().canonical());
  }

  /** Adds a tensor that the base has not. */
  void add(String name, WeightSource source) {
    merges.put(name, new WeightMerge(name, source));
  }
}
