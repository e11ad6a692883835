package dev.cairn.form.template;

import dev.cairn.json.JsonNumber;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values of a config that a template asks for, and its expressions over them: whole numbers,
 * names of values, {@code #} before a list's name for its length, {@code + - * //}, {@code min} and
 * parentheses.
 */
final class TemplateValues {
  private static final Pattern TOKEN =
      Pattern.compile("\\s*(\\d+|//|[-+*(),]|#?[A-Za-z_][A-Za-z0-9_.]*)");
  private static final int DEEPEST = 8;

  private final Map<String, Object> given;
  private final Map<String, Object> defaults;
  private final Map<String, Object> nulls;

  /** A template says nothing of this config. */
  static final class UnknownException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnknownException(String what) {
      super(what);
    }
  }

  /**
   * Keeps values.
   *
   * @param given what the config says, by dotted name
   * @param defaults of all that matters
   * @param nulls what a value stands for that is null
   */
  TemplateValues(
      Map<String, Object> given, Map<String, Object> defaults, Map<String, Object> nulls) {
    this.given = given;
    this.defaults = defaults;
    this.nulls = nulls;
  }

  Object of(String name) {
    return of(name, 0);
  }

  private Object of(String name, int depth) {
    if (depth > DEEPEST || !defaults.containsKey(name)) {
      throw new UnknownException(name);
    }
    Object value = given.containsKey(name) ? given.get(name) : defaults.get(name);
    if (!given.containsKey(name) && value instanceof Map<?, ?>) { // the config has to say it
      throw new UnknownException(name);
    }
    if (value == null && nulls.containsKey(name)) {
      return evaluated(nulls.get(name), depth + 1);
    }
    return given.containsKey(name) ? value : evaluated(value, depth + 1);
  }

  private Object evaluated(Object value, int depth) {
    return value instanceof String text && text.startsWith("=")
        ? JsonNumber.of(number(text.substring(1), depth))
        : value;
  }

  /** Returns the value of an expression, or of a number. */
  long number(Object expression) {
    return expression instanceof JsonNumber number
        ? number.longValue()
        : number((String) expression, 0);
  }

  private long number(String expression, int depth) {
    Reader reader = new Reader(expression, depth);
    long value = reader.sum();
    if (reader.token != null || value < 0) {
      throw new UnknownException(expression);
    }
    return value;
  }

  /** Returns whether all parts of a condition hold. */
  boolean holds(String condition) {
    for (String part : condition.isEmpty() ? new String[0] : condition.split("&")) {
      boolean isNegated = part.startsWith("!");
      String[] sides = part.substring(isNegated ? 1 : 0).split("=", 2);
      boolean isHeld =
          sides.length == 2 ? isSame(of(sides[0]), of(sides[1])) : isTrue(of(sides[0]));
      if (isHeld == isNegated) {
        return false;
      }
    }
    return true;
  }

  private static boolean isTrue(Object value) {
    if (value instanceof JsonNumber number) {
      return number.doubleValue() != 0;
    }
    boolean isEmpty =
        (value instanceof String text && text.isEmpty())
            || (value instanceof List<?> list && list.isEmpty());
    return value != null && !Boolean.FALSE.equals(value) && !isEmpty;
  }

  /** Returns whether values are the same, numbers by what they are worth. */
  static boolean isSame(Object first, Object second) {
    if (first instanceof JsonNumber a && second instanceof JsonNumber b) {
      return a.doubleValue() == b.doubleValue();
    }
    if (first instanceof List<?> a && second instanceof List<?> b) {
      if (a.size() != b.size()) {
        return false;
      }
      for (int index = 0; index < a.size(); index++) {
        if (!isSame(a.get(index), b.get(index))) {
          return false;
        }
      }
      return true;
    }
    return first == null ? second == null : first.equals(second);
  }

  /** Reads one expression. */
  private final class Reader {
    private final Matcher matcher;
    private final int depth;
    private String token;

    Reader(String expression, int depth) {
      this.matcher = TOKEN.matcher(expression);
      this.depth = depth;
      next();
    }

    private void next() {
      token = matcher.find() ? matcher.group(1) : null;
    }

    private boolean skip(String expected) {
      if (expected.equals(token)) {
        next();
        return true;
      }
      return false;
    }

    long sum() {
      long value = product();
      while (true) {
        if (skip("+")) {
          value = Math.addExact(value, product());
        } else if (skip("-")) {
          value = Math.subtractExact(value, product());
        } else {
          return value;
        }
      }
    }

    private long product() {
      long value = atom();
      while (true) {
        if (skip("*")) {
          value = Math.multiplyExact(value, atom());
        } else if (skip("//")) {
          long divisor = atom();
          if (divisor == 0) {
            throw new UnknownException("division by zero");
          }
          value = Math.floorDiv(value, divisor);
        } else {
          return value;
        }
      }
    }

    private long atom() {
      String atom = token;
      next();
      if (atom == null) {
        throw new UnknownException("unfinished expression");
      }
      if (Character.isDigit(atom.charAt(0))) {
        return Long.parseLong(atom);
      }
      if (atom.equals("(")) {
        long value = sum();
        skip(")");
        return value;
      }
      if (atom.equals("min")) {
        skip("(");
        long first = sum();
        skip(",");
        long second = sum();
        skip(")");
        return Math.min(first, second);
      }
      return atom.startsWith("#")
          ? length(of(atom.substring(1), depth), atom)
          : whole(of(atom, depth), atom);
    }

    private long length(Object value, String name) {
      if (value instanceof List<?> list) {
        return list.size();
      }
      throw new UnknownException(name);
    }

    private long whole(Object value, String name) {
      if (value instanceof JsonNumber number
          && number.doubleValue() == Math.rint(number.doubleValue())
          && Math.abs(number.doubleValue()) < 1e15) {
        return (long) number.doubleValue();
      }
      throw new UnknownException(name);
    }
  }
}
