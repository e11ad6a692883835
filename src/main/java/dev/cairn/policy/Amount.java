package dev.cairn.policy;

import java.util.OptionalLong;

/** Checks of what callers hand in: every message has the name, the value and what is expected. */
final class Amount {
  private Amount() {}

  /** Returns {@code value} if it is finite and above 0. */
  static double requirePositive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw outOfRange(name, Double.toString(value), "a finite number above 0");
    }
    return value;
  }

  /** Returns {@code value} if it is finite and not negative. */
  static double requireNotNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw outOfRange(name, Double.toString(value), "a finite number, 0 or more");
    }
    return value;
  }

  /** Returns {@code value} if it is above 0. */
  static long requirePositive(String name, long value) {
    if (value < 1) {
      throw outOfRange(name, Long.toString(value), "1 or more");
    }
    return value;
  }

  /** Returns {@code value} if it is not negative. */
  static long requireNotNegative(String name, long value) {
    if (value < 0) {
      throw outOfRange(name, Long.toString(value), "0 or more");
    }
    return value;
  }

  /** Returns {@code value} if it is absent or above 0. */
  static OptionalLong requirePositive(String name, OptionalLong value) {
    value.ifPresent(present -> requirePositive(name, present));
    return value;
  }

  private static IllegalArgumentException outOfRange(String name, String value, String expected) {
    return new IllegalArgumentException(
        "value out of range: " + name + "=" + value + ", expected " + expected);
  }
}
