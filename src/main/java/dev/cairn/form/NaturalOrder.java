package dev.cairn.form;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** Names component by component, numbers by their value: layer 10 comes after layer 9. */
final class NaturalOrder {
  private NaturalOrder() {}

  /** Returns these in the order of their names. */
  static List<Integer> sorted(List<Integer> indices, IntFunction<String> name) {
    Map<Integer, String[]> components = new HashMap<>();
    indices.forEach(index -> components.put(index, name.apply(index).split("\\.", -1)));
    List<Integer> sorted = new ArrayList<>(indices);
    sorted.sort((a, b) -> compare(components.get(a), components.get(b)));
    return sorted;
  }

  private static int compare(String[] first, String[] second) {
    int most = Math.min(first.length, second.length);
    for (int index = 0; index < most; index++) {
      int order = compare(first[index], second[index]);
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(first.length, second.length);
  }

  /** Numbers before words, words without a number at their end before those with one. */
  private static int compare(String first, String second) {
    int firstWord = wordLength(first);
    int secondWord = wordLength(second);
    boolean isNumber = firstWord == 0 && !first.isEmpty();
    if (isNumber != (secondWord == 0 && !second.isEmpty())) {
      return isNumber ? -1 : 1;
    }
    int order = first.substring(0, firstWord).compareTo(second.substring(0, secondWord));
    return order != 0
        ? order
        : compareNumbers(first.substring(firstWord), second.substring(secondWord));
  }

  private static int wordLength(String text) {
    int length = text.length();
    while (length > 0 && text.charAt(length - 1) >= '0' && text.charAt(length - 1) <= '9') {
      length--;
    }
    return length;
  }

  private static int compareNumbers(String first, String second) {
    if (first.isEmpty() || second.isEmpty()) {
      return Integer.compare(first.length(), second.length());
    }
    String a = first.replaceFirst("^0+(?=.)", "");
    String b = second.replaceFirst("^0+(?=.)", "");
    return a.length() != b.length() ? Integer.compare(a.length(), b.length()) : a.compareTo(b);
  }
}
