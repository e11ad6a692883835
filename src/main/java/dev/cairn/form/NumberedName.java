package dev.cairn.form;

import dev.cairn.form.template.Template;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A name and the numbers among its components: those of layers, of experts.
 *
 * @param template the name with a mark in the place of each number
 * @param numbers in their order
 */
record NumberedName(String template, List<String> numbers) {
  private static final char MARK = '#';

  /** No layer has such a number. */
  private static final long FIRST_MARKER = 7_391_000_000_001L;

  private static final Pattern MARKER = Pattern.compile("73910000000\\d\\d");
  private static final int MOST_NUMBERS = 90;

  /** A name with holes for numbers: {@code texts} with the numbers {@code holes} between them. */
  record Template(List<String> texts, List<Integer> holes) {}

  static NumberedName of(String name) {
    StringBuilder template = new StringBuilder(name.length());
    List<String> numbers = new ArrayList<>(4);
    int begin = 0;
    while (begin <= name.length()) {
      int dot = name.indexOf('.', begin);
      int end = dot < 0 ? name.length() : dot;
      if (isNumber(name, begin, end) && numbers.size() < MOST_NUMBERS) {
        numbers.add(name.substring(begin, end));
        template.append(MARK);
      } else {
        template.append(name, begin, end);
      }
      if (dot >= 0) {
        template.append('.');
      }
      begin = end + 1;
    }
    return new NumberedName(template.toString(), numbers);
  }

  /** Returns whether a component is a number. */
  static boolean isNumber(String name, int begin, int end) {
    for (int at = begin; at < end; at++) {
      if (name.charAt(at) < '0' || name.charAt(at) > '9') {
        return false;
      }
    }
    return end > begin;
  }

  /** Returns the name with another number in the place of each, by which it is known again. */
  String marked() {
    StringBuilder marked = new StringBuilder();
    int number = 0;
    for (int at = 0; at < template.length(); at++) {
      if (template.charAt(at) == MARK && number < numbers.size()) {
        marked.append(FIRST_MARKER + number);
        number++;
      } else {
        marked.append(template.charAt(at));
      }
    }
    return marked.toString();
  }

  /** Returns what a name that was made of {@link #marked} is for all names of this template. */
  Template templateOf(String made) {
    List<String> texts = new ArrayList<>();
    List<Integer> holes = new ArrayList<>();
    Matcher matcher = MARKER.matcher(made);
    int end = 0;
    while (matcher.find()) {
      texts.add(made.substring(end, matcher.start()));
      holes.add(Math.toIntExact(Long.parseLong(matcher.group()) - FIRST_MARKER));
      end = matcher.end();
    }
    texts.add(made.substring(end));
    return new Template(List.copyOf(texts), List.copyOf(holes));
  }

  /** Returns a template with this name's numbers. */
  String fill(Template other) {
    StringBuilder filled = new StringBuilder(template.length() + 16);
    for (int hole = 0; hole < other.holes().size(); hole++) {
      filled.append(other.texts().get(hole)).append(numbers.get(other.holes().get(hole)));
    }
    return filled.append(other.texts().get(other.holes().size())).toString();
  }
}
