package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A box of a tensor: along every dimension one run of indices.
 *
 * <p>What a rank holds of a parameter that is sharded along dimensions, as tensor parallelism and
 * DTensors do. A box's own elements are counted row-major, as they lie in its holder's memory.
 * Immutable and pure; any thread.
 */
public final class Box {
  private final long[] begins;
  private final Shape extents;

  private Box(long[] begins, Shape extents) {
    this.begins = begins;
    this.extents = extents;
  }

  /**
   * Returns the box that begins at an index and has some extents.
   *
   * @param begins per dimension the first index, 0 or more
   * @param extents per dimension how many indices
   * @return the box
   * @throws IllegalArgumentException if the counts of dimensions differ, or a begin is negative or
   *     the end overflows
   */
  public static Box of(long[] begins, Shape extents) {
    boolean fine = begins.length == extents.dimensions();
    for (int i = 0; fine && i < begins.length; i++) {
      fine = begins[i] >= 0 && begins[i] <= Long.MAX_VALUE - extents.dimension(i);
    }
    if (!fine) {
      throw new IllegalArgumentException(
          "bad box: begins=" + Arrays.toString(begins) + ", extents=" + extents);
    }
    return new Box(begins.clone(), extents);
  }

  /**
   * {@return the box that is a whole tensor}
   *
   * @param shape of the tensor
   */
  public static Box whole(Shape shape) {
    return new Box(new long[shape.dimensions()], shape);
  }

  /**
   * Returns a slice of a tensor along one dimension.
   *
   * @param shape of the tensor
   * @param dimension that is cut
   * @param begin first index along it, 0 or more
   * @param extent how many indices
   * @return the slice, whole along the other dimensions
   * @throws IllegalArgumentException if there is no such dimension, or {@code begin} is negative
   */
  public static Box slice(Shape shape, int dimension, long begin, long extent) {
    if (dimension < 0 || dimension >= shape.dimensions()) {
      throw new IllegalArgumentException(
          "no such dimension: dimension=" + dimension + ", shape=" + shape);
    }
    long[] begins = new long[shape.dimensions()];
    long[] extents = shape.toArray();
    begins[dimension] = begin;
    extents[dimension] = extent;
    return of(begins, Shape.of(extents));
  }

  /** {@return how many dimensions there are} */
  public int dimensions() {
    return begins.length;
  }

  /**
   * {@return the first index along a dimension}
   *
   * @param dimension counted from the outermost, 0
   */
  public long begin(int dimension) {
    return begins[dimension];
  }

  /**
   * {@return the index after the last along a dimension}
   *
   * @param dimension counted from the outermost, 0
   */
  public long end(int dimension) {
    return begins[dimension] + extents.dimension(dimension);
  }

  /** {@return per dimension how many indices there are} */
  public Shape extents() {
    return extents;
  }

  /** {@return how many elements there are} */
  public long elements() {
    return extents.elements();
  }

  /** {@return whether there are none} */
  public boolean isEmpty() {
    return extents.elements() == 0;
  }

  /**
   * {@return whether the box lies in a tensor of that shape}
   *
   * @param shape of the tensor
   */
  public boolean liesIn(Shape shape) {
    boolean fine = shape.dimensions() == begins.length;
    for (int i = 0; fine && i < begins.length; i++) {
      fine = end(i) <= shape.dimension(i);
    }
    return fine;
  }

  /**
   * {@return what is in both boxes of one tensor; an empty box if nothing is}
   *
   * @param other of as many dimensions
   */
  public Box common(Box other) {
    long[] first = new long[begins.length];
    long[] count = new long[begins.length];
    for (int i = 0; i < begins.length; i++) {
      first[i] = Math.max(begins[i], other.begins[i]);
      count[i] = Math.max(0, Math.min(end(i), other.end(i)) - first[i]);
    }
    return new Box(first, Shape.of(count));
  }

  /**
   * {@return what is in this box and not in the other, as boxes that do not overlap; none empty}
   *
   * @param other of as many dimensions
   */
  public List<Box> without(Box other) {
    Box common = common(other);
    if (common.isEmpty()) {
      return isEmpty() ? List.of() : List.of(this);
    }
    List<Box> rest = new ArrayList<>();
    long[] first = begins.clone();
    long[] count = extents.toArray();
    for (int i = 0; i < begins.length; i++) { // what is before and after it, then go inside
      long end = first[i] + count[i];
      addPart(rest, first, count, i, first[i], common.begins[i]);
      addPart(rest, first, count, i, common.end(i), end);
      first[i] = common.begins[i];
      count[i] = common.extents.dimension(i);
    }
    return rest;
  }

  private static void addPart(
      List<Box> rest, long[] first, long[] count, int dimension, long begin, long end) {
    if (begin < end) {
      long[] partFirst = first.clone();
      long[] partCount = count.clone();
      partFirst[dimension] = begin;
      partCount[dimension] = end - begin;
      rest.add(new Box(partFirst, Shape.of(partCount)));
    }
  }

  /**
   * Returns where an element of the tensor is in the box.
   *
   * @param shape of the tensor, in which the box lies
   * @param element counted row-major in the tensor
   * @return counted row-major in the box; -1 if it is not in it
   */
  public long indexOf(Shape shape, long element) {
    long index = 0;
    long rest = element;
    long scale = 1;
    for (int i = begins.length - 1; i >= 0; i--) {
      long inside = rest % shape.dimension(i) - begins[i];
      rest /= shape.dimension(i);
      if (inside < 0 || inside >= extents.dimension(i)) {
        return -1;
      }
      index += inside * scale;
      scale *= extents.dimension(i);
    }
    return index;
  }

  /**
   * Returns where an element of the box is in the tensor.
   *
   * @param shape of the tensor, in which the box lies
   * @param index counted row-major in the box, less than {@link #elements}
   * @return counted row-major in the tensor
   */
  public long elementAt(Shape shape, long index) {
    long element = 0;
    long rest = index;
    long scale = 1;
    for (int i = begins.length - 1; i >= 0; i--) {
      element += (begins[i] + rest % extents.dimension(i)) * scale;
      rest /= extents.dimension(i);
      scale *= shape.dimension(i);
    }
    return element;
  }

  /**
   * Returns how far the elements from one on lie side by side, in the tensor as in the box.
   *
   * @param shape of the tensor, in which the box lies
   * @param index counted row-major in the box, less than {@link #elements}
   * @return how many elements, 1 or more
   */
  public long runAt(Shape shape, long index) {
    long run = 1; // what lies side by side for certain: the dimensions that are whole
    for (int i = begins.length - 1; i >= 0; i--) {
      run *= extents.dimension(i);
      if (extents.dimension(i) != shape.dimension(i)) {
        break;
      }
    }
    return run - index % run;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Box that
        && Arrays.equals(begins, that.begins)
        && extents.equals(that.extents);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(begins) + extents.hashCode();
  }

  /** Returns the box as {@code [0:2,8:16]}, the form that error messages use. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < begins.length; i++) {
      text.append(i == 0 ? "" : ",").append(begins[i]).append(':').append(end(i));
    }
    return text.append(']').toString();
  }
}
