package dev.cairn.form;

import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds layers that are left out: 0, 1 and 3 without 2. What has more than one gap is a list of
 * other things, of which some have no parameters.
 */
final class LayerGaps {
  private LayerGaps() {}

  private static int next(NavigableSet<Integer> numbers, int after) {
    Integer next = numbers.ceiling(after);
    return next == null ? numbers.last() + 1 : next;
  }

  static Optional<String> find(List<String> names) {
    Map<String, TreeSet<Integer>> numbers = new TreeMap<>();
    for (String name : names) {
      String[] components = name.split("\\.", -1);
      StringBuilder prefix = new StringBuilder();
      for (String component : components) {
        if (component.matches("\\d{1,6}")) {
          numbers
              .computeIfAbsent(prefix.toString(), key -> new TreeSet<>())
              .add(Integer.parseInt(component));
        }
        prefix.append(component).append('.');
      }
    }
    for (Map.Entry<String, TreeSet<Integer>> entry : numbers.entrySet()) {
      TreeSet<Integer> found = entry.getValue();
      boolean isLayers = entry.getKey().matches("(.*\\.)?(layers|layer|h|blocks|block)\\.");
      int missing = 0;
      while (found.contains(missing)) {
        missing++;
      }
      boolean isOneGap = found.tailSet(missing).size() == found.last() + 1 - next(found, missing);
      if (isLayers && isOneGap && found.size() > 2 && found.last() > missing) {
        return Optional.of(
            "layers are left out: %s%d is not there, but %s%d is"
                .formatted(entry.getKey(), missing, entry.getKey(), found.last()));
      }
    }
    return Optional.empty();
  }
}
