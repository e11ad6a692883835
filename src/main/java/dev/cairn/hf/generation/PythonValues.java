package dev.cairn.hf.generation;

import dev.cairn.json.JsonNumber;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** How Python sees what JSON holds: {@code true} is 1, 1.0 equals 1, and what is empty is false. */
final class PythonValues {
  private PythonValues() {}

  /** Returns the value if Python can compare it with a number. */
  static OptionalDouble number(Object value) {
    if (value instanceof JsonNumber number) {
      return OptionalDouble.of(number.doubleValue());
    }
    if (value instanceof Boolean bool) {
      return OptionalDouble.of(bool ? 1 : 0);
    }
    return OptionalDouble.empty();
  }

  /** Returns what {@code value == number} says. */
  static boolean isEqual(Object value, double number) {
    OptionalDouble actual = number(value);
    return actual.isPresent() && actual.getAsDouble() == number;
  }

  /** Returns whether {@code isinstance(value, int)}: whole numbers, true and false. */
  static boolean isInt(Object value) {
    return value instanceof Boolean
        || (value instanceof JsonNumber number && number.token().matches("-?[0-9]+"));
  }

  /** Returns what {@code bool(value)} says. */
  static boolean isTruthy(Object value) {
    if (value instanceof String text) {
      return !text.isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value != null && !isEqual(value, 0);
  }

  /**
   * Returns the elements of {@code set(value)}, equal ones under equal keys; empty if Python raises
   * a TypeError.
   */
  static Optional<List<Object>> set(Object value) {
    List<Object> elements = new ArrayList<>();
    if (value instanceof String text) {
      text.codePoints().forEach(point -> elements.add(Character.toString(point)));
    } else if (value instanceof Map<?, ?> map) {
      elements.addAll(map.keySet());
    } else if (value instanceof List<?> list) {
      for (Object element : list) {
        if (element instanceof List || element instanceof Map) {
          return Optional.empty();
        }
        elements.add(hashed(element));
      }
    } else {
      return Optional.empty();
    }
    return Optional.of(elements);
  }

  /** Returns an object that is equal to another's exactly if Python takes the two as one. */
  static Object hashed(Object scalar) {
    OptionalDouble number = number(scalar);
    if (number.isPresent()) {
      return number.getAsDouble() + 0.0; // a negative zero is zero
    }
    return scalar == null ? Optional.empty() : scalar;
  }
}
