package dev.cairn.peft.merge;

import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.peft.stored.WeightSource;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tensors of the base model, found by the names that a loaded model gives them. */
final class BaseWeights {
  private final StoredWeights base;
  private WeightTies ties;
  private final Map<String, WeightMerge> merges = new LinkedHashMap<>();
  private final List<String> misfits = new ArrayList<>();
  private boolean untied;

  /**
   * Starts with what the base has.
   *
   * @param ties which of its tensors are one in memory
   */
  BaseWeights(StoredWeights base, WeightTies ties) {
    this.base = base;
    this.ties = ties;
    for (StoredWeight tensor : base.tensors()) {
      merges.put(tensor.name(), new WeightMerge(tensor.name(), new WeightSource(base, tensor)));
    }
  }

  /**
   * Believes a config that ties no longer if the base stores two tensors, and they differ: loaders
   * leave them apart then.
   *
   * @param wanted names of what the adapter is about
   */
  void checkTied(Collection<String> wanted) throws IOException {
    Set<String> own = new HashSet<>();
    for (List<String> group : ties.groups()) {
      if (wanted.stream().anyMatch(group::contains)) {
        WeightSource first = merges.get(group.get(0)).base();
        for (String name : group) {
          if (merges.containsKey(name) && !merges.get(name).base().isSame(first)) {
            own.add(name);
          }
        }
      }
    }
    ties = ties.without(own);
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
   * Returns every tensor in which a loaded model keeps the tensor of this name: several if the base
   * ties it and stores them, unless {@link #own} has untied them.
   *
   * @throws IllegalArgumentException if the base has none
   */
  List<WeightMerge> shared(String name) {
    if (isTied(name) && !untied) {
      return ties.of(name).stream().filter(merges::containsKey).map(merges::get).toList();
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
    return !ties.of(name).isEmpty();
  }

  /** Returns the tensor of this name; null if there is none. */
  WeightMerge find(String name) {
    return merges.get(name);
  }

  /**
   * Returns the tensor of a module that was trained as a copy of its own. If the base ties it, all
   * that it ties is untied: there is one setting for all.
   *
   * @throws IllegalArgumentException if the base has none
   */
  WeightMerge own(String name) {
    if (isTied(name) && !untied) {
      untied = true;
      for (List<String> group : ties.groups()) {
        WeightSource first = merges.get(group.get(0)).base();
        group.forEach(each -> merges.putIfAbsent(each, new WeightMerge(each, first)));
      }
    }
    return shared(name).get(0);
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
