package dev.cairn.form;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What names have in common that differ in nothing but the numbers among their components: those of
 * layers, of experts. Immutable; any thread.
 */
final class NameTemplate {
  /** More numbers than this are taken as text. */
  static final int MOST_NUMBERS = 90;

  /** No layer has such a number. */
  private static final long FIRST_MARKER = 7_391_000_000_001L;

  private static final Pattern MARKER = Pattern.compile("73910000000\\d\\d");

  /** What stands before, between and after the numbers. */
  private final List<String> texts;

  /** Which number stands after which text. */
  private final int[] numbers;

  private NameTemplate(List<String> texts, int[] numbers) {
    this.texts = List.copyOf(texts);
    this.numbers = numbers;
  }

  /** Returns the template of a name, whose numbers are counted from 0. */
  static NameTemplate of(String name) {
    List<String> texts = new ArrayList<>(4);
    int textBegin = 0;
    for (int begin = 0; begin <= name.length(); ) {
      int dot = name.indexOf('.', begin);
      int end = dot < 0 ? name.length() : dot;
      if (isNumber(name, begin, end) && texts.size() < MOST_NUMBERS) {
        texts.add(name.substring(textBegin, begin));
        textBegin = end;
      }
      begin = end + 1;
    }
    int[] numbers = new int[texts.size()];
    for (int index = 0; index < numbers.length; index++) {
      numbers[index] = index;
    }
    texts.add(name.substring(textBegin));
    return new NameTemplate(texts, numbers);
  }

  /** Returns whether a component is a number. */
  static boolean isNumber(String name, int begin, int end) {
    for (int at = begin; at < end; at++) {
      if (!isDigit(name.charAt(at))) {
        return false;
      }
    }
    return end > begin;
  }

  private static boolean isDigit(char character) {
    return character >= '0' && character <= '9';
  }

  /** Returns what {@link #of} gives all names of this template, and no others. */
  List<String> texts() {
    return texts;
  }

  /** Returns a name of this template, with numbers that are known again. */
  String marked() {
    StringBuilder marked = new StringBuilder(texts.get(0));
    for (int index = 0; index < numbers.length; index++) {
      marked.append(FIRST_MARKER + index).append(texts.get(index + 1));
    }
    return marked.toString();
  }

  /** Returns the template of all names that are made as this one was of {@link #marked}. */
  static NameTemplate ofMarked(String made) {
    List<String> texts = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    Matcher matcher = MARKER.matcher(made);
    int end = 0;
    while (matcher.find()) {
      texts.add(made.substring(end, matcher.start()));
      numbers.add(Math.toIntExact(Long.parseLong(matcher.group()) - FIRST_MARKER));
      end = matcher.end();
    }
    texts.add(made.substring(end));
    return new NameTemplate(texts, numbers.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * Finds the numbers of a name.
   *
   * @param bounds is given each number's begin, and its end after it
   * @return whether the name is of this template
   */
  boolean find(String name, int[] bounds) {
    int at = 0;
    for (int index = 0; index < numbers.length; index++) {
      String text = texts.get(index);
      if (!name.startsWith(text, at)) {
        return false;
      }
      int begin = at + text.length();
      int end = begin;
      while (end < name.length() && isDigit(name.charAt(end))) {
        end++;
      }
      if (end == begin) {
        return false;
      }
      bounds[2 * index] = begin;
      bounds[2 * index + 1] = end;
      at = end;
    }
    String last = texts.get(numbers.length);
    return name.length() - at == last.length() && name.startsWith(last, at);
  }

  /** Returns whether another template gives the same names. */
  boolean isSame(NameTemplate other) {
    return texts.equals(other.texts) && Arrays.equals(numbers, other.numbers);
  }

  /**
   * Adds a name of this template.
   *
   * @param other a name of which the numbers are
   * @param bounds of {@link #find} in that one
   */
  void fill(String other, int[] bounds, StringBuilder name) {
    for (int index = 0; index < numbers.length; index++) {
      int number = 2 * numbers[index];
      name.append(texts.get(index)).append(other, bounds[number], bounds[number + 1]);
    }
    name.append(texts.get(numbers.length));
  }
}
