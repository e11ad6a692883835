package dev.cairn.form;

import java.util.function.ToLongFunction;

/**
 * A number that follows from a config: whole numbers, names of its values, {@code + - * //} and
 * parentheses.
 */
final class Expression {
  private final String text;
  private final ToLongFunction<String> values;
  private int at;

  private Expression(String text, ToLongFunction<String> values) {
    this.text = text;
    this.values = values;
  }

  /**
   * Returns the value of an expression.
   *
   * @param values by dotted name
   * @throws ArithmeticException if it cannot be worked out
   */
  static long value(String text, ToLongFunction<String> values) {
    Expression expression = new Expression(text.replace(" ", ""), values);
    long value = expression.sum();
    if (expression.at != expression.text.length()) {
      throw new ArithmeticException("bad expression: " + text);
    }
    return value;
  }

  private boolean skip(String operator) {
    if (text.startsWith(operator, at)) {
      at += operator.length();
      return true;
    }
    return false;
  }

  private long sum() {
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
    long value = factor();
    while (true) {
      if (skip("*")) {
        value = Math.multiplyExact(value, factor());
      } else if (skip("//")) {
        value = Math.floorDiv(value, factor());
      } else {
        return value;
      }
    }
  }

  private long factor() {
    if (skip("(")) {
      long value = sum();
      if (!skip(")")) {
        throw new ArithmeticException("bad expression: " + text);
      }
      return value;
    }
    int begin = at;
    while (at < text.length() && isName(text.charAt(at))) {
      at++;
    }
    String name = text.substring(begin, at);
    if (name.isEmpty()) {
      throw new ArithmeticException("bad expression: " + text);
    }
    return name.chars().allMatch(Character::isDigit)
        ? Long.parseLong(name)
        : values.applyAsLong(name);
  }

  private static boolean isName(char letter) {
    return Character.isLetterOrDigit(letter) || letter == '_' || letter == '.';
  }
}
