package dev.cairn.peft.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which tensors of a base are one in memory: an embedding and the output projection, mostly. Names
 * are those that the base's files have, or would have. Immutable.
 *
 * @param groups each of two names or more, of which the first is stored
 */
record WeightTies(List<List<String>> groups) {
  /**
   * Groups what is the same. What is not stored is tied, whatever the config says or leaves to a
   * default; what is stored under two names is so only if the config says it.
   *
   * @param aliases alias to canonical name
   * @param stored the names in the files
   * @param isTying whether the config says that weights are tied
   */
  static WeightTies of(Map<String, String> aliases, Set<String> stored, boolean isTying) {
    Map<String, List<String>> byCanonical = new TreeMap<>();
    aliases.forEach(
        (alias, canonical) ->
            byCanonical
                .computeIfAbsent(canonical, key -> new ArrayList<>(List.of(key)))
                .add(alias));
    List<List<String>> groups = new ArrayList<>();
    for (List<String> names : byCanonical.values()) {
      names.stream()
          .filter(stored::contains)
          .findFirst()
          .ifPresent(
              first -> {
                List<String> group = new ArrayList<>(List.of(first));
                names.stream()
                    .distinct()
                    .filter(name -> !name.equals(first) && (isTying || !stored.contains(name)))
                    .forEach(group::add);
                groups.add(List.copyOf(group));
              });
    }
    return new WeightTies(groups.stream().filter(group -> group.size() > 1).toList());
  }

  /** Returns all names of the tensor of this name, its own among them; empty if it is not tied. */
  List<String> of(String name) {
    return groups.stream().filter(group -> group.contains(name)).findFirst().orElse(List.of());
  }

  /** Returns these without some names, which are tensors of their own. */
  WeightTies without(Set<String> names) {
    List<List<String>> left = new ArrayList<>();
    for (List<String> group : groups) {
      List<String> others = group.stream().filter(name -> !names.contains(name)).toList();
      if (others.size() > 1) {
        left.add(others);
      }
    }
    return new WeightTies(left);
  }
}
