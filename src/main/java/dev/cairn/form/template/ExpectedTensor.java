package dev.cairn.form.template;

import dev.cairn.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a tensor of a model's files should be.
 *
 * @param dimensions of its shape; {@link #ANY} for one of any size
 */
public record ExpectedTensor(List<Long> dimensions) {
  /** The size of a dimension that is not known. */
  public static final long ANY = -1;

  /**
   * Copies the list.
   *
   * @param dimensions 0 or more each, or {@link #ANY}
   */
  public ExpectedTensor {
    dimensions = List.copyOf(dimensions);
  }

  /**
   * {@return what a tensor of this shape is}
   *
   * @param shape all of it is known
   */
  public static ExpectedTensor of(Shape shape) {
    return new ExpectedTensor(Arrays.stream(shape.toArray()).boxed().toList());
  }

  /**
   * {@return whether a shape is as expected}
   *
   * @param shape of a tensor
   */
  public boolean isOf(Shape shape) {
    if (shape.dimensions() != dimensions.size()) {
      return false;
    }
    for (int index = 0; index < dimensions.size(); index++) {
      long expected = dimensions.get(index);
      if (expected != ANY && expected != shape.dimension(index)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return dimensions.stream()
        .map(size -> size == ANY ? "?" : Long.toString(size))
        .collect(Collectors.joining(",", "[", "]"));
  }
}
