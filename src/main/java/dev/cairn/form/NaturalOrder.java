package dev.cairn.form;

import java.util.List;
import java.util.function.Function;

/** Names component by component, numbers by their value: layer 10 comes after layer 9. */
final class NaturalOrder {
  private NaturalOrder() {}

  /** Returns these in the order of their names. */
  static <T> List<T> sorted(List<T> named, Function<T, String> name) {
    record Split<T>(T one, List<String> components) {}

    return named.stream()
        .map(one -> new Split<>(one, List.of(name.apply(one).split("\\.", -1))))
        .sorted((a, b) -> compare(a.components(), b.components()))
        .map(Split::one)
        .toList();
  }

  private static int compare(List<String> first, List<String> second) {
    int most = Math.min(first.size(), second.size());
    for (int index = 0; index < most; index++) {
      int order = compare(first.get(index), second.get(index));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(first.size(), second.size());
  }

  /** Numbers before words, words without a number at their end before those with one. */
  private static int compare(String first, String second) {
    int firstWord = wordLength(first);
    int secondWord = wordLength(second);
    boolean isNumber = firstWord == 0 && !first.isEmpty();
    if (isNumber != (secondWord == 0 && !second.isEmpty())) {
      return isNumber ? -1 : 1;
    }
    boolean isSameWord = firstWord == secondWord && first.regionMatches(0, second, 0, firstWord);
    return isSameWord
        ? compareNumbers(first, second, firstWord)
        : first.substring(0, firstWord).compareTo(second.substring(0, secondWord));
  }

  private static int wordLength(String text) {
    int length = text.length();
    while (length > 0 && text.charAt(length - 1) >= '0' && text.charAt(length - 1) <= '9') {
      length--;
    }
    return length;
  }

  /** Compares what follows a word in both; nothing comes before any number. */
  private static int compareNumbers(String first, String second, int begin) {
    if (first.length() == begin || second.length() == begin) {
      return Integer.compare(first.length(), second.length());
    }
    int firstDigit = withoutZeros(first, begin);
    int secondDigit = withoutZeros(second, begin);
    int digits = first.length() - firstDigit;
    int order = Integer.compare(digits, second.length() - secondDigit);
    for (int at = 0; at < digits && order == 0; at++) {
      order = Character.compare(first.charAt(firstDigit + at), second.charAt(secondDigit + at));
    }
    return order;
  }

  private static int withoutZeros(String text, int begin) {
    int at = begin;
    while (at < text.length() - 1 && text.charAt(at) == '0') {
      at++;
    }
    return at;
  }
}
