package dev.cairn.tensor;

import java.util.Arrays;

/** The dimensions of a tensor, outermost first; a scalar has none. Immutable. */
public final class Shape {
  private final long[] dimensions;
  private final long elements;

  private Shape(long[] dimensions) {
    this.dimensions = dimensions;
    this.elements = multiply(dimensions);
  }

  /**
   * {@return the shape with these dimensions}
   *
   * @param dimensions each 0 or more; none for a scalar
   * @throws IllegalArgumentException if a dimension is negative or the element count overflows
   */
  public static Shape of(long... dimensions) {
    return new Shape(dimensions.clone());
  }

  private static long multiply(long[] dimensions) {
    // Zero is found first: [2^40, 2^40, 0] holds nothing and must not be reported as too large.
    boolean empty = false;
    for (long dimension : dimensions) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "negative dimension: shape=" + Arrays.toString(dimensions));
      }
      empty |= dimension == 0;
    }
    if (empty) {
      return 0;
    }
    long product = 1;
    for (long dimension : dimensions) {
      if (Math.multiplyHigh(product, dimension) != 0 || product * dimension < 0) {
        throw new IllegalArgumentException(
            "element count overflows: shape=" + Arrays.toString(dimensions));
      }
      product *= dimension;
    }
    return product;
  }

  /** {@return the count of elements; 1 for a scalar} */
  public long elements() {
    return elements;
  }

  /** {@return how many dimensions there are; 0 for a scalar} */
  public int dimensions() {
    return dimensions.length;
  }

  /**
   * {@return the extent of dimension {@code index}, counted from the outermost, 0}
   *
   * @param index 0 for the outermost dimension
   */
  public long dimension(int index) {
    return dimensions[index];
  }

  /** {@return the extents, outermost first, as a new array} */
  public long[] toArray() {
    return dimensions.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape that && Arrays.equals(dimensions, that.dimensions);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dimensions);
  }

  /** Returns the extents as {@code [2,4]}, the form that error messages use. */
  @Override
  public String toString() {
    return Arrays.toString(dimensions).replace(" ", "");
  }
}
