package dev.cairn.form;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds layers that are left out: 0, 1 and 3 without 2. */
final class LayerGaps {
  private LayerGaps() {}

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
      if (isLayers && found.last() + 1 != found.size()) {
        int missing = 0;
        while (found.contains(missing)) {
          missing++;
        }
        return Optional.of(
            "layers are left out: %s%d is not there, but %s%d is"
                .formatted(entry.getKey(), missing, entry.getKey(), found.last()));
      }
    }
    return Optional.empty();
  }
}
