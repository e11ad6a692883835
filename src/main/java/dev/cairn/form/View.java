package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor made of others' elements by splitting and joining, as a list of runs; nothing is copied.
 */
final class View {
  /** More runs than this are as good as a copy of single elements. */
  private static final int MOST_RUNS = 1 << 16;

  private final long[] shape;
  private final List<Run> runs;

  private View(long[] shape, List<Run> runs) {
    this.shape = shape;
    this.runs = runs;
  }

  /** Returns a tensor in memory. */
  static View of(int source, Shape shape) {
    return new View(shape.toArray(), List.of(new Run(source, 0, shape.elements())));
  }

  Shape shape() {
    return Shape.of(shape);
  }

  List<Run> runs() {
    return runs;
  }

  long size(int dimension) {
    return shape[checked(dimension, shape.length)];
  }

  private static int checked(int dimension, int dimensions) {
    if (dimension < 0 || dimension >= dimensions) {
      throw new UnpublishableException(
          "no such dimension: dimension=" + dimension + ", of " + dimensions);
    }
    return dimension;
  }

  private long product(int begin, int end) {
    long product = 1;
    for (int dimension = begin; dimension < end; dimension++) {
      product = Math.multiplyExact(product, shape[dimension]);
    }
    return product;
  }

  /** Returns the part from {@code begin} to before {@code end} along a dimension. */
  View part(int dimension, long begin, long end) {
    long size = size(dimension);
    long inner = product(dimension + 1, shape.length);
    long[] smaller = shape.clone();
    smaller[dimension] = end - begin;
    long outer = product(0, dimension);
    if (outer > MOST_RUNS) {
      throw new UnpublishableException("not contiguous: split along dimension " + dimension);
    }
    Cursor cursor = new Cursor(runs);
    List<Run> taken = new ArrayList<>();
    for (long row = 0; row < outer; row++) {
      long first = row * size * inner;
      cursor.take(first + begin * inner, first + end * inner, taken);
    }
    return new View(smaller, taken);
  }

  /** Returns {@code count} parts along a dimension, or fewer, as {@code torch.chunk} cuts them. */
  List<View> chunks(int dimension, long count) {
    long size = size(dimension);
    long most = Math.max(1, (size + count - 1) / count);
    List<View> parts = new ArrayList<>();
    for (long begin = 0; begin < Math.max(1, size); begin += most) {
      parts.add(part(dimension, begin, Math.min(size, begin + most)));
    }
    return parts;
  }

  /**
   * Returns this with every second row first, then the others, in each of equal blocks.
   *
   * @param dimension of the rows
   * @param blocks that the rows are in
   * @param isInverse for the other way round
   */
  View interleaved(int dimension, long blocks, boolean isInverse) {
    long half = size(dimension) / blocks / 2;
    long[] pairs = new long[shape.length + 2];
    System.arraycopy(shape, 0, pairs, 0, dimension);
    pairs[dimension] = blocks;
    pairs[dimension + 1] = isInverse ? 2 : half;
    pairs[dimension + 2] = isInverse ? half : 2;
    System.arraycopy(shape, dimension + 1, pairs, dimension + 3, shape.length - dimension - 1);
    return new View(shape, new View(pairs, runs).swapped(dimension + 1).runs);
  }

  /** Returns this with a dimension and the next one exchanged. */
  View swapped(int dimension) {
    long outer = product(0, dimension);
    long rows = size(dimension);
    long columns = size(dimension + 1);
    long inner = product(dimension + 2, shape.length);
    if (outer * rows * columns > MOST_RUNS) {
      throw new UnpublishableException("not contiguous: its elements are in another order");
    }
    List<Run> taken = new ArrayList<>();
    for (long block = 0; block < outer; block++) {
      for (long column = 0; column < columns; column++) {
        for (long row = 0; row < rows; row++) {
          long begin = ((block * rows + row) * columns + column) * inner;
          new Cursor(runs).take(begin, begin + inner, taken);
        }
      }
    }
    long[] other = shape.clone();
    other[dimension] = columns;
    other[dimension + 1] = rows;
    return new View(other, taken);
  }

  /** Returns this without its dimensions of one element, as {@code torch.squeeze} does. */
  View squeezed() {
    long[] smaller = new long[shape.length];
    int dimensions = 0;
    for (long size : shape) {
      if (size != 1) {
        smaller[dimensions++] = size;
      }
    }
    return new View(Arrays.copyOf(smaller, dimensions), runs);
  }

  /** Returns this without a dimension, which has one element. */
  View without(int dimension) {
    long[] smaller = new long[shape.length - 1];
    System.arraycopy(shape, 0, smaller, 0, dimension);
    System.arraycopy(shape, dimension + 1, smaller, dimension, smaller.length - dimension);
    return new View(smaller, runs);
  }

  /** Returns views of equal shape, but for this dimension, one after the other along it. */
  static View concatenated(List<View> views, int dimension) {
    View first = views.get(0);
    long[] shape = first.shape.clone();
    checked(dimension, shape.length);
    shape[dimension] = 0;
    for (View view : views) {
      long[] other = view.shape.clone();
      shape[dimension] += view.size(dimension);
      other[dimension] = shape[dimension];
      if (!Arrays.equals(other, shape)) {
        throw new UnpublishableException(
            "shapes cannot be joined: " + first.shape() + ", " + view.shape());
      }
    }
    long outer = first.product(0, dimension);
    if (outer * views.size() > MOST_RUNS) {
      throw new UnpublishableException("not contiguous: joined along dimension " + dimension);
    }
    List<Cursor> cursors = views.stream().map(view -> new Cursor(view.runs)).toList();
    List<Run> joined = new ArrayList<>();
    for (long row = 0; row < outer; row++) {
      for (int index = 0; index < views.size(); index++) {
        long row1 = views.get(index).product(dimension, shape.length);
        cursors.get(index).take(row * row1, (row + 1) * row1, joined);
      }
    }
    return new View(shape, joined);
  }

  /** Returns views of equal shape along a new dimension. */
  static View stacked(List<View> views, int dimension) {
    List<View> raised = new ArrayList<>();
    for (View view : views) {
      checked(dimension, view.shape.length + 1);
      long[] shape = new long[view.shape.length + 1];
      System.arraycopy(view.shape, 0, shape, 0, dimension);
      shape[dimension] = 1;
      System.arraycopy(view.shape, dimension, shape, dimension + 1, view.shape.length - dimension);
      raised.add(new View(shape, view.runs));
    }
    return concatenated(raised, dimension);
  }

  /** Takes ranges of a view's elements, in ascending order. */
  private static final class Cursor {
    private final List<Run> runs;
    private int index;
    private long indexBegin;

    Cursor(List<Run> runs) {
      this.runs = runs;
    }

    void take(long begin, long end, List<Run> taken) {
      for (long at = begin; at < end; ) {
        while (at >= indexBegin + runs.get(index).elements()) {
          indexBegin += runs.get(index).elements();
          index++;
        }
        Run run = runs.get(index);
        long skipped = at - indexBegin;
        long count = Math.min(end - at, run.elements() - skipped);
        add(new Run(run.source(), run.begin() + skipped, count), taken);
        at += count;
      }
    }

    private static void add(Run run, List<Run> taken) {
      int last = taken.size() - 1;
      if (last >= 0 && taken.get(last).continuesWith(run)) {
        Run before = taken.get(last);
        taken.set(last, new Run(run.source(), before.begin(), before.elements() + run.elements()));
      } else {
        taken.add(run);
      }
    }
  }
}
