package dev.cairn.json;

import java.util.OptionalLong;

/**
 * A number exactly as its file spells it, so that {@code 1e-05} or {@code 1.0} is written back
 * unchanged. Python's {@code NaN}, {@code Infinity} and {@code -Infinity} are accepted tokens.
 *
 * @param token the characters of the number
 */
public record JsonNumber(String token) {
  /**
   * {@return the number {@code value} as JSON spells it}
   *
   * @param value the number
   */
  public static JsonNumber of(long value) {
    return new JsonNumber(Long.toString(value));
  }

  /**
   * {@return the value as a long}
   *
   * @throws NumberFormatException if it is not a whole number that fits
   */
  public long longValue() {
    return Long.parseLong(token);
  }

  /**
   * {@return a value of JSON as a long, nothing if it is not a whole number that fits}
   *
   * @param value any value of a document
   */
  public static OptionalLong whole(Object value) {
    try {
      return value instanceof JsonNumber number
          ? OptionalLong.of(number.longValue())
          : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /** {@return the value as a double; NaN and the infinities included} */
  public double doubleValue() {
    return Double.parseDouble(token);
  }

  @Override
  public String toString() {
    return token;
  }
}
