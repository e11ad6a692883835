package dev.cairn.layout;

import dev.cairn.tensor.Shape;

/**
 * A run of elements of a parameter, as a part of another tensor.
 *
 * @param layout of the whole parameter
 * @param shape of the whole parameter
 * @param elements of the row-major flattened parameter; not empty
 */
public record Slice(Layout layout, Shape shape, ElementRange elements) {
  /**
   * Checks the range.
   *
   * @param layout of the whole parameter
   * @param shape of the whole parameter
   * @param elements inside the parameter, not empty
   * @throws IllegalArgumentException if the range is empty or goes beyond the parameter
   */
  public Slice {
    if (elements.isEmpty() || elements.end() > shape.elements()) {
      throw new IllegalArgumentException(
          "bad slice of a parameter: elements=" + elements + ", shape=" + shape);
    }
  }

  String describe() {
    return layout.describe() + shape + elements;
  }
}
