package dev.cairn.form.check;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.IntPredicate;

/**
 * Finds layers that are left out: 0, 1 and 3 without 2, or 1 without 0. What has more than one gap,
 * or no more than a weight and a bias at a number, is a list of other things, of which some have no
 * parameters; so is a list of two that begins with 0.
 */
final class LayerGaps {
  private static final Set<String> LISTS = Set.of("layers", "layer", "h", "blocks", "block");

  private LayerGaps() {}

  /** Returns what is missing, if anything is, of the first list that lacks something. */
  static Optional<String> find(NumberedLists lists) {
    return find(lists, last -> true);
  }

  /** Returns what is missing of the first such list whose last number is one that is wanted. */
  static Optional<String> find(NumberedLists lists, IntPredicate wanted) {
    return lists.byName().entrySet().stream()
        .filter(list -> isOfLayers(list.getKey()) && wanted.test(list.getValue().lastKey()))
        .filter(list -> list.getValue().size() > 2 || list.getValue().firstKey() > 0)
        .filter(list -> list.getValue().values().stream().allMatch(LayerGaps::isLayer))
        .flatMap(list -> gap(list.getKey(), list.getValue()).stream())
        .findFirst();
  }

  private static boolean isOfLayers(String list) {
    return !list.isEmpty()
        && LISTS.contains(
            list.substring(list.lastIndexOf('.', list.length() - 2) + 1, list.length() - 1));
  }

  private static boolean isLayer(Map<?, ?> tensors) {
    return tensors.size() > 2;
  }

  private static Optional<String> gap(String list, SortedMap<Integer, ? extends Map<?, ?>> layers) {
    int missing = -1; // the first of the gap
    int gaps = 0;
    int next = 0;
    for (int number : layers.keySet()) {
      if (number != next) {
        missing = next;
        gaps++;
      }
      next = number + 1;
    }
    return gaps == 1
        ? Optional.of(
            "layers are left out: %s%d is not there, but %s%d is"
                .formatted(list, missing, list, layers.lastKey()))
        : Optional.empty();
  }
}
