package dev.cairn.cli.text;

import java.math.BigDecimal;
import java.math.MathContext;

/** Numbers that were measured or estimated, with as many digits as they deserve. */
public final class Numbers {
  private static final MathContext THREE_DIGITS = new MathContext(3);
  private static final double SHORTEST = 1e-9;

  private Numbers() {}

  /** Returns three significant digits, all digits of a number of a thousand or more. */
  public static String digits(double value) {
    if (value < SHORTEST) {
      return "0";
    }
    BigDecimal rounded =
        value >= 1000
            ? BigDecimal.valueOf(Math.rint(value))
            : new BigDecimal(value).round(THREE_DIGITS);
    return rounded.stripTrailingZeros().toPlainString();
  }

  /** Returns {@code 1 step} or {@code 36.5 steps}. */
  public static String steps(double steps) {
    return digits(steps) + (steps == 1 ? " step" : " steps");
  }

  /** Returns a part of a whole as {@code 2.31 %}. */
  public static String percent(double fraction) {
    return digits(fraction * 100) + " %";
  }
}
