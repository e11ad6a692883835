package dev.cairn.plan;

import dev.cairn.layout.StridedRange;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/** What one rank holds of a tensor, in the tensor's order, from some element on. */
final class HeldRuns {
  private final int rank;
  private final List<StridedRange> runs;
  private final List<OwnedRange> sorted; // null if memory is in the tensor's order
  private final Deque<StridedRange> first = new ArrayDeque<>(2); // what is left of one of the runs
  private int next;
  private long offset;

  HeldRuns(int rank, List<StridedRange> runs) {
    this.rank = rank;
    this.runs = runs;
    this.sorted = isAscending(runs) ? null : sorted(rank, runs);
    fill();
  }

  private static boolean isAscending(List<StridedRange> runs) {
    long end = 0;
    for (StridedRange run : runs) {
      if (run.begin() < end) {
        return false;
      }
      end = run.end();
    }
    return true;
  }

  private static List<OwnedRange> sorted(int rank, List<StridedRange> runs) {
    List<OwnedRange> sorted = new ArrayList<>();
    long offset = 0;
    for (StridedRange run : runs) {
      sorted.add(new OwnedRange(rank, run, offset));
      offset += run.elements();
    }
    sorted.sort(Comparator.comparingLong(OwnedRange::begin));
    return sorted;
  }

  private void fill() {
    if (first.isEmpty() && next < runs.size()) {
      if (sorted == null) {
        first.add(runs.get(next++));
      } else {
        OwnedRange range = sorted.get(next++);
        first.add(range.elements());
        offset = range.partitionElementOffset();
      }
    }
  }

  int rank() {
    return rank;
  }

  boolean isEmpty() {
    return first.isEmpty();
  }

  /** Returns the first element that is left. */
  long begin() {
    return first.getFirst().begin();
  }

  /** Returns the elements from there on that lie side by side in the rank's memory. */
  StridedRange first() {
    return first.getFirst();
  }

  /** Returns where these begin in the rank's memory. */
  long offset() {
    return offset;
  }

  /** Forgets what comes before an element of the tensor. */
  void dropBefore(long element) {
    while (!first.isEmpty()) {
      long dropped = first.getFirst().before(element);
      if (dropped == 0) {
        return;
      }
      StridedRange old = first.removeFirst();
      List<StridedRange> left = old.part(dropped, old.elements());
      for (int index = left.size() - 1; index >= 0; index--) {
        first.addFirst(left.get(index));
      }
      offset += dropped;
      fill();
    }
  }
}
