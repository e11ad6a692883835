package dev.cairn.peft.merge;

import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.TiedNames;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.peft.stored.WeightSource;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tensors of the base model, found by the names that a loaded model gives them. */
final class BaseWeights {
  private final StoredWeights base;
  private Optional<TiedNames> tied;
  private final Map<String, WeightMerge> merges = new LinkedHashMap<>();
  private final List<String> misfits = new ArrayList<>();
  private boolean untied;

  /**
   * Starts with what the base has.
   *
   * @param head name that an output projection has in the base's files, or would have
   */
  BaseWeights(StoredWeights base, Optional<ModelConfig> config, String head) {
    this.base = base;
    for (StoredWeight tensor : base.tensors()) {
      merges.put(tensor.name(), new WeightMerge(tensor.name(), new WeightSource(base, tensor)));
    }
    boolean ties = config.map(ModelConfig::tiesWordEmbeddings).orElse(false);
    // a head that is not stored is tied, whatever the config says or leaves to a default
    this.tied =
        TiedNames.find(merges.keySet())
            .map(names -> names.aliasIsStored() ? names : named(head, names))
            .filter(names -> ties || !names.aliasIsStored());
  }

  private TiedNames named(String head, TiedNames names) {
    return new TiedNames(head, names.canonical(), merges.containsKey(head));
  }

  /**
   * Believes a config that ties no longer if the base stores both tensors, and they differ: loaders
   * leave them apart then.
   *
   * @param wanted names of what the adapter is about
   */
  void checkTied(Collection<String> wanted) throws IOException {
    boolean matters =
        tied.isPresent() && tied.get().aliasIsStored() && wanted.stream().anyMatch(this::isTied);
    if (matters) {
      WeightSource alias = merges.get(tied.get().alias()).base();
      WeightSource canonical = merges.get(tied.get().canonical()).base();
      if (!alias.isSame(canonical)) {
        tied = Optional.empty();
      }
    }
  }

  /** Returns all tensors of the result, in the order of the base. */
  List<WeightMerge> all() {
    return List.copyOf(merges.values());
  }

  /** Returns the base's folder. */
  Path root() {
    return base.root();
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
          "no such tensor: tensor=%s, base=%s".formatted(name, base.root()));
    }
    return List.of(own);
  }

  /** Returns whether a loaded model has a tensor of this name. */
  boolean has(String name) {
    return isTied(name) || merges.containsKey(name);
  }

  private boolean isTied(String name) {
    return tied.isPresent()
        && (tied.get().alias().equals(name) || tied.get().canonical().equals(name));
  }

  /** Returns the tensor of this name; null if there is none. */
  WeightMerge find(String name) {
    return merges.get(name);
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
    return merges.get(name);
  }

  /**
   * Adds a tensor that the base has not.
   *
   * @param misfit what is wrong if the model cannot have one
   */
  void add(String name, WeightSource source, String misfit) {
    merges.put(name, new WeightMerge(name, source));
    misfits.add(misfit);
  }

  /**
   * Takes values of another shape for a tensor.
   *
   * @param misfit what is wrong if the model cannot have them
   */
  void reshape(WeightMerge merge, WeightSource source, String misfit) {
    merge.replace(source);
    misfits.add(misfit);
  }

  /** Returns what is wrong with the first tensor that the base's config may not describe. */
  Optional<String> misfit() {
    return misfits.stream().findFirst();
  }

  /** Returns what the base has, by name. */
  Map<String, TensorInfo> stored() {
    Map<String, TensorInfo> stored = new LinkedHashMap<>();
    for (StoredWeight tensor : base.tensors()) {
      stored.put(tensor.name(), new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape()));
    }
    return stored;
  }

  /**
   * Gives tensors other names, and drops others.
   *
   * @param names by the name so far; what has none is dropped
   */
  void keep(Map<String, String> names) {
    merges.keySet().retainAll(names.keySet());
    merges.forEach((name, merge) -> merge.rename(names.get(name)));
  }
}
