package dev.cairn.plan;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.StridedRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;

/**
 * Goes over the elements of a tensor in their order and says which rank writes them: of those that
 * hold an element one whose range begins earliest, the lowest of these. Rows that ranks share go
 * together, so that a tensor that is cut along an inner dimension is a few steps and not one for
 * each row of it.
 *
 * <p>A step is one ordinary range, or ranges of as many runs, the first of which together are a
 * row: what they own follows without a gap on the step before. Not thread-safe.
 */
final class Sweep implements Iterator<List<OwnedRange>> {
  private static final Comparator<HeldRuns> EARLIEST =
      Comparator.comparingLong(HeldRuns::begin).thenComparingInt(HeldRuns::rank);

  private final PlannedTensor tensor;
  private final long elements;
  private final PriorityQueue<HeldRuns> ahead = new PriorityQueue<>(EARLIEST);
  private long covered;

  /**
   * Begins at the first element.
   *
   * @throws IllegalArgumentException if the layout does not fit world or shape
   */
  Sweep(PlannedTensor tensor, int worldSize) {
    this.tensor = tensor;
    this.elements = tensor.info().shape().elements();
    for (int rank = 0; rank < worldSize; rank++) {
      put(new HeldRuns(rank, tensor.layout().runs(tensor.info().shape(), rank, worldSize)));
    }
  }

  private void put(HeldRuns held) {
    held.dropBefore(covered);
    if (!held.isEmpty()) {
      ahead.add(held);
    }
  }

  @Override
  public boolean hasNext() {
    return covered < elements;
  }

  /**
   * Returns the next step.
   *
   * @throws IllegalArgumentException if no rank holds the next element
   */
  @Override
  public List<OwnedRange> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    while (!ahead.isEmpty() && ahead.peek().begin() < covered) {
      put(ahead.remove());
    }
    long begin = ahead.isEmpty() ? elements : ahead.peek().begin();
    if (begin > covered) {
      throw gap(begin);
    }
    List<OwnedRange> step = ahead.peek().first().isStrided() ? rows() : List.of();
    if (step.isEmpty()) {
      HeldRuns only = ahead.remove();
      ElementRange run = only.first().run(0);
      step = List.of(new OwnedRange(only.rank(), run.begin(), run.end(), only.offset()));
      covered = run.end();
      put(only);
    }
    return step;
  }

  /** Returns as many rows as have the same holders; none if they do not make up a row. */
  private List<OwnedRange> rows() {
    List<HeldRuns> taken = new ArrayList<>();
    List<HeldRuns> parts = new ArrayList<>();
    long stride = ahead.peek().first().strideElements();
    long rows = Long.MAX_VALUE;
    long at = covered;
    while (at < covered + stride && !ahead.isEmpty() && ahead.peek().begin() <= at) {
      HeldRuns held = ahead.remove();
      taken.add(held);
      if (held.begin() == at) { // otherwise a further holder
        StridedRange first = held.first();
        boolean fits = first.isStrided() && first.strideElements() == stride;
        rows = fits ? Math.min(rows, first.count()) : 0;
        parts.add(held);
        at += first.runElements();
      }
    }
    List<OwnedRange> step = new ArrayList<>();
    if (at == covered + stride && rows > 0) {
      for (HeldRuns part : parts) {
        step.add(new OwnedRange(part.rank(), part.first(), part.offset()).rows(0, rows));
      }
      covered += rows * stride;
    }
    taken.forEach(this::put);
    return step;
  }

  private IllegalArgumentException gap(long end) {
    return new IllegalArgumentException(
        "elements that no rank holds: tensor=%s, shape=%s, elements=%s"
            .formatted(
                tensor.info().name(), tensor.info().shape(), new ElementRange(covered, end)));
  }
}
