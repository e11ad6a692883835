package dev.cairn.form.check;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Finds the one layer, or expert, that lacks a tensor which others like it have, or has it under
 * another name or with another shape.
 *
 * <p>Layers of one model differ on purpose, too. But of the default models of all 1 769 classes of
 * transformers 5.18 none has a layer that differs from three equal ones in a single tensor, the
 * first and the last layer aside; nor one that differs from all others in a single shape.
 */
final class OddLayers {
  private static final int LEAST_EQUAL = 3;

  private final String list;
  private final SortedMap<Integer, Map<String, Shape>> layers;

  private OddLayers(String list, SortedMap<Integer, Map<String, Shape>> layers) {
    this.list = list;
    this.layers = layers;
  }

  /** Returns what is odd in the first list that has an odd layer. */
  static Optional<String> find(NumberedLists lists) {
    return lists.byName().entrySet().stream()
        .filter(list -> list.getValue().size() > LEAST_EQUAL)
        .flatMap(list -> new OddLayers(list.getKey(), list.getValue()).find().stream())
        .findFirst();
  }

  private Optional<String> find() {
    Map<Map<String, Shape>, List<Integer>> kinds = new LinkedHashMap<>();
    layers.forEach(
        (number, layer) -> kinds.computeIfAbsent(layer, kind -> new ArrayList<>()).add(number));
    List<Map.Entry<Map<String, Shape>, List<Integer>>> usual =
        kinds.entrySet().stream().filter(kind -> kind.getValue().size() >= LEAST_EQUAL).toList();
    return kinds.values().stream()
        .filter(numbers -> numbers.size() == 1)
        .map(numbers -> numbers.get(0))
        .filter(number -> !number.equals(layers.firstKey()) && !number.equals(layers.lastKey()))
        .flatMap(
            number ->
                usual.stream()
                    .flatMap(
                        kind -> difference(number, kind.getKey(), kind.getValue().size()).stream()))
        .findFirst();
  }

  /**
   * Returns what a layer lacks that others have, if it is one tensor.
   *
   * @param usual the tensors of the others
   * @param equal how many they are
   */
  private Optional<String> difference(int number, Map<String, Shape> usual, int equal) {
    Map<String, Shape> odd = layers.get(number);
    List<String> lacking =
        usual.keySet().stream().filter(name -> !usual.get(name).equals(odd.get(name))).toList();
    long more = odd.keySet().stream().filter(name -> !usual.containsKey(name)).count();
    if (lacking.size() != 1 || more > 1) {
      return Optional.empty();
    }
    String name = lacking.get(0);
    Shape shape = odd.get(name);
    boolean isReshaped = shape != null;
    if (isReshaped && (more > 0 || equal < layers.size() - 1)) {
      return Optional.empty();
    }
    String tensor = list + number + "." + name;
    return Optional.of(
        isReshaped
            ? "one layer is odd: %s is %s, in %d others it is %s"
                .formatted(tensor, shape, equal, usual.get(name))
            : "one layer is odd: %s is not there, %d others have theirs".formatted(tensor, equal));
  }
}
