package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/**
 * The elements of a tensor whose index along each dimension is in some ranges, in the order of the
 * tensor: few strided ranges, made when they are asked for.
 *
 * <p>From the innermost dimension that is cut on, a row lies side by side. Along the dimensions
 * before it that are whole, and the next one that is cut, rows follow each other at one distance;
 * along those before that, every index begins a strided range of its own.
 */
final class Grid extends AbstractList<StridedRange> implements RandomAccess {
  private final Shape shape;
  private final List<List<ElementRange>> indices;
  private final int listed; // the dimension of which each range is a strided range
  private final int cut; // the innermost one that is not whole; 0 if all are
  private final int size;

  private Grid(Shape shape, List<List<ElementRange>> indices) {
    this.shape = shape;
    this.indices = indices;
    this.cut = lastCut(shape.dimensions());
    this.listed = indices.get(cut).size() > 1 ? cut : lastCut(cut);
    long ranges = indices.get(listed).size();
    for (int dimension = 0; dimension < listed; dimension++) {
      ranges = Math.multiplyExact(ranges, count(indices.get(dimension)));
    }
    this.size = Math.toIntExact(ranges);
  }

  /**
   * Returns the elements as strided ranges, in their order.
   *
   * @param shape of the tensor
   * @param indices per dimension ascending ranges that do not touch, inside the tensor
   */
  static List<StridedRange> runs(Shape shape, List<List<ElementRange>> indices) {
    if (indices.stream().anyMatch(List::isEmpty) || shape.elements() == 0) {
      return List.of();
    }
    return indices.isEmpty() ? List.of(new StridedRange(0, 1, 1, 1)) : new Grid(shape, indices);
  }

  /** Returns how many indices are in some ranges. */
  static long count(List<ElementRange> ranges) {
    long count = 0;
    for (ElementRange range : ranges) {
      count += range.elements();
    }
    return count;
  }

  /** Returns the last dimension before this one that is not whole; 0 if there is none. */
  private int lastCut(int before) {
    int dimension = before - 1;
    while (dimension > 0 && count(indices.get(dimension)) == shape.dimension(dimension)) {
      dimension--;
    }
    return Math.max(0, dimension);
  }

  private long product(int begin, int end) {
    long product = 1;
    for (int dimension = begin; dimension < end; dimension++) {
      product *= shape.dimension(dimension);
    }
    return product;
  }

  @Override
  public StridedRange get(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("no such range: index=" + index + ", ranges=" + size);
    }
    List<ElementRange> last = indices.get(listed);
    ElementRange range = last.get(index % last.size());
    long rest = index / last.size();
    long begin = range.begin() * product(listed + 1, shape.dimensions());
    for (int dimension = listed - 1; dimension >= 0; dimension--) {
      List<ElementRange> outer = indices.get(dimension);
      long count = count(outer);
      begin += nth(outer, rest % count) * product(dimension + 1, shape.dimensions());
      rest /= count;
    }
    long inner = product(cut + 1, shape.dimensions());
    if (listed == cut) {
      return new StridedRange(begin, range.elements() * inner, 1, 1);
    }
    ElementRange columns = indices.get(cut).get(0);
    return new StridedRange(
        begin + columns.begin() * inner,
        columns.elements() * inner,
        range.elements() * product(listed + 1, cut),
        shape.dimension(cut) * inner);
  }

  private static long nth(List<ElementRange> ranges, long index) {
    long rest = index;
    int range = 0;
    while (rest >= ranges.get(range).elements()) {
      rest -= ranges.get(range++).elements();
    }
    return ranges.get(range).begin() + rest;
  }

  @Override
  public int size() {
    return size;
  }
}
