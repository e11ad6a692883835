package dev.cairn.plan;

/**
 * A run of elements of one tensor together with the one rank that writes it.
 *
 * @param rank the writer
 * @param begin first element of the whole row-major tensor
 * @param end the element after the last one
 * @param partitionElementOffset where the run begins in the writer's partition, in elements
 */
record OwnedRange(int rank, long begin, long end, long partitionElementOffset) {
  /** Returns its part in [from, to): an empty range, or one that ends before it begins, if none. */
  OwnedRange within(long from, long to) {
    long first = Math.max(begin, from);
    return new OwnedRange(rank, first, Math.min(end, to), partitionElementOffset + first - begin);
  }
}
