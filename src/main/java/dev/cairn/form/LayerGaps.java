package dev.cairn.form;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds layers that are left out: 0, 1 and 3 without 2. What has more than one gap is a list of
 * other things, of which some have no parameters.
 */
final class LayerGaps {
  private static final Set<String> LISTS = Set.of("layers", "layer", "h", "blocks", "block");
  private static final int MOST_DIGITS = 6;

  private LayerGaps() {}

  /** Returns what is missing, if anything is, of the first list that lacks something. */
  static Optional<String> find(List<String> names) {
    Map<String, BitSet> lists = new HashMap<>();
    for (String name : names) {
      int before = 0;
      int begin = 0;
      for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', begin)) {
        if (NameTemplate.isNumber(name, begin, dot)
            && LISTS.contains(name.substring(before, Math.max(before, begin - 1)))) {
          add(lists, name, begin, dot);
        }
        before = begin;
        begin = dot + 1;
      }
    }
    return lists.entrySet().stream()
        .filter(entry -> isOneGap(entry.getValue()))
        .min(Map.Entry.comparingByKey())
        .map(entry -> said(entry.getKey(), entry.getValue()));
  }

  private static void add(Map<String, BitSet> lists, String name, int begin, int end) {
    if (end - begin <= MOST_DIGITS) {
      lists
          .computeIfAbsent(name.substring(0, begin), key -> new BitSet())
          .set(Integer.parseInt(name, begin, end, 10));
    }
  }

  private static boolean isOneGap(BitSet numbers) {
    int missing = numbers.nextClearBit(0);
    int next = numbers.nextSetBit(missing);
    boolean isOne = next >= 0 && numbers.nextClearBit(next) == numbers.length();
    return isOne && numbers.cardinality() > 2;
  }

  private static String said(String list, BitSet numbers) {
    return "layers are left out: %s%d is not there, but %s%d is"
        .formatted(list, numbers.nextClearBit(0), list, numbers.length() - 1);
  }
}
