package dev.cairn.torchfile;

import dev.cairn.tensor.Shape;
import java.util.Arrays;

/** Steps between neighbours along each dimension of a tensor, in elements. Immutable. */
public final class Strides {
  private final long[] steps;

  private Strides(long[] steps) {
    this.steps = steps;
  }

  public static Strides of(long... steps) {
    return new Strides(steps.clone());
  }

  static Strides rowMajor(Shape shape) {
    long[] steps = new long[shape.dimensions()];
    long step = 1;
    for (int i = steps.length - 1; i >= 0; i--) {
      steps[i] = step;
      step *= shape.dimension(i);
    }
    return new Strides(steps);
  }

  public long step(int dimension) {
    return steps[dimension];
  }

  /** Returns whether they are the row-major ones; dimensions of extent 1 do not matter. */
  boolean isContiguous(Shape shape) {
    long expected = 1;
    for (int i = steps.length - 1; i >= 0 && shape.elements() > 0; i--) {
      if (shape.dimension(i) != 1 && steps[i] != expected) {
        return false;
      }
      expected *= shape.dimension(i);
    }
    return true;
  }

  /**
   * Returns the distance from the first to the last element of a tensor that has elements.
   *
   * @throws ArithmeticException if it does not fit a long
   */
  long span(Shape shape) {
    long span = 0;
    for (int i = 0; i < steps.length; i++) {
      span = Math.addExact(span, Math.multiplyExact(shape.dimension(i) - 1, steps[i]));
    }
    return span;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Strides that && Arrays.equals(steps, that.steps);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(steps);
  }

  @Override
  public String toString() {
    return Arrays.toString(steps).replace(" ", "");
  }
}
