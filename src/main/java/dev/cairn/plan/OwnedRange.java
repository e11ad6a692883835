package dev.cairn.plan;

import dev.cairn.layout.StridedRange;

/**
 * Elements of one tensor together with the one rank that writes them.
 *
 * @param rank the writer
 * @param elements of the whole row-major tensor
 * @param partitionElementOffset where the first is in the writer's partition, in which all of them
 *     lie side by side
 */
record OwnedRange(int rank, StridedRange elements, long partitionElementOffset) {
  /** Creates an ordinary range. */
  OwnedRange(int rank, long begin, long end, long partitionElementOffset) {
    this(rank, new StridedRange(begin, end - begin, 1, end - begin), partitionElementOffset);
  }

  /** Returns the first element. */
  long begin() {
    return elements.begin();
  }

  /** Returns the element after the last one. */
  long end() {
    return elements.end();
  }

  /** Returns some of its rows; all of an ordinary range is one. */
  OwnedRange rows(long first, long count) {
    return count == elements.count()
        ? this
        : new OwnedRange(
            rank,
            new StridedRange(
                elements.begin() + first * elements.strideElements(),
                elements.runElements(),
                count,
                elements.strideElements()),
            partitionElementOffset + first * elements.runElements());
  }

  /** Returns the part of an ordinary range in [from, to); null if there is none. */
  OwnedRange within(long from, long to) {
    long first = Math.max(begin(), from);
    long last = Math.min(end(), to);
    return first < last
        ? new OwnedRange(rank, first, last, partitionElementOffset + first - begin())
        : null;
  }
}
