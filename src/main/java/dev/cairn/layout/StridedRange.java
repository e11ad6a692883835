package dev.cairn.layout;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs of elements of a row-major flattened parameter, equally long and equally far apart: what a
 * slice along a dimension is. One run is an ordinary range.
 *
 * @param begin first element
 * @param runElements how many lie side by side, 1 or more
 * @param count how many runs, 1 or more
 * @param strideElements from the beginning of one run to that of the next
 */
public record StridedRange(long begin, long runElements, long count, long strideElements) {
  /**
   * Checks the range; runs without a gap become one.
   *
   * @param begin 0 or more
   * @param runElements 1 or more
   * @param count 1 or more
   * @param strideElements at least {@code runElements}; says nothing if there is one run
   * @throws IllegalArgumentException if a number is too small
   */
  public StridedRange {
    if (begin < 0 || runElements < 1 || count < 1 || (count > 1 && strideElements < runElements)) {
      throw new IllegalArgumentException(
          "bad strided range: begin=%d, runElements=%d, count=%d, strideElements=%d"
              .formatted(begin, runElements, count, strideElements));
    }
    if (count == 1 || strideElements == runElements) {
      runElements *= count;
      count = 1;
      strideElements = runElements;
    }
  }

  /**
   * {@return a range as one run}
   *
   * @param range not empty
   */
  public static StridedRange of(ElementRange range) {
    return new StridedRange(range.begin(), range.elements(), 1, range.elements());
  }

  /** {@return how many elements there are} */
  public long elements() {
    return runElements * count;
  }

  /** {@return the element after the last one} */
  public long end() {
    return begin + (count - 1) * strideElements + runElements;
  }

  /** {@return whether there are gaps between its elements} */
  public boolean isStrided() {
    return count > 1;
  }

  /**
   * {@return one of the runs}
   *
   * @param index from 0, less than {@link #count}
   */
  public ElementRange run(long index) {
    long first = begin + index * strideElements;
    return new ElementRange(first, first + runElements);
  }

  /**
   * {@return how many of its elements come before an element of the parameter}
   *
   * @param element 0 or more
   */
  public long before(long element) {
    if (element <= begin) {
      return 0;
    }
    long row = Math.min(count, (element - begin) / strideElements);
    long inRow = row == count ? 0 : Math.min(runElements, (element - begin) % strideElements);
    return row * runElements + inRow;
  }

  /**
   * {@return some of its elements: at most the rest of a run, whole runs, and the beginning of one}
   *
   * @param first counted in this range, from 0
   * @param end after the last one, at most {@link #elements}
   */
  public List<StridedRange> part(long first, long end) {
    List<StridedRange> parts = new ArrayList<>(3);
    long at = first;
    while (at < end) {
      long row = at / runElements;
      long inRow = at % runElements;
      long rows = inRow == 0 ? (end - at) / runElements : 0;
      long elements = rows > 0 ? runElements : Math.min(runElements - inRow, end - at);
      StridedRange part =
          new StridedRange(
              begin + row * strideElements + inRow, elements, Math.max(1, rows), strideElements);
      parts.add(part);
      at += part.elements();
    }
    return parts;
  }

  /**
   * {@return the same elements of a parameter that begins earlier or later}
   *
   * @param elements how much later, negative for earlier
   */
  public StridedRange moved(long elements) {
    return new StridedRange(begin + elements, runElements, count, strideElements);
  }

  @Override
  public String toString() {
    return count == 1 ? run(0).toString() : count + " times " + run(0) + " every " + strideElements;
  }
}
