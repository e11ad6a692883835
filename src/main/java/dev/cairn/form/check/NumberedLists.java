package dev.cairn.form.check;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The lists of a model: layers, experts, and all else that is numbered.
 *
 * @param byName by what stands before the number, dot included: by number the shapes of its
 *     tensors, by what stands behind the number
 */
record NumberedLists(SortedMap<String, SortedMap<Integer, Map<String, Shape>>> byName) {
  private static final int MOST_DIGITS = 6;

  static NumberedLists of(Collection<TensorInfo> tensors) {
    SortedMap<String, SortedMap<Integer, Map<String, Shape>>> byName = new TreeMap<>();
    for (TensorInfo tensor : tensors) {
      String name = tensor.name();
      int begin = 0;
      for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', begin)) {
        int number = number(name, begin, dot);
        if (number >= 0) {
          byName
              .computeIfAbsent(name.substring(0, begin), list -> new TreeMap<>())
              .computeIfAbsent(number, one -> new TreeMap<>())
              .put(name.substring(dot + 1), tensor.shape());
        }
        begin = dot + 1;
      }
    }
    return new NumberedLists(byName);
  }

  /** Returns the number that a component is; -1 if it is none. */
  private static int number(String name, int begin, int end) {
    int number = end > begin && end - begin <= MOST_DIGITS ? 0 : -1;
    for (int at = begin; at < end && number >= 0; at++) {
      int digit = name.charAt(at) - '0';
      number = digit >= 0 && digit <= 9 ? number * 10 + digit : -1;
    }
    return number;
  }
}
