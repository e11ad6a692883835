package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a tensor is spread that is put together from slices of parameters: a rank holds what it holds
 * of each slice.
 */
record ComposedLayout(List<Slice> slices) implements Layout {
  ComposedLayout {
    slices = List.copyOf(slices);
  }

  /** One for each of a slice's in a rank's memory: only within one is memory contiguous. */
  @Override
  public List<StridedRange> runs(Shape shape, int rank, int worldSize) {
    List<StridedRange> runs = List.of(); // of many tensors a rank holds nothing
    long offset = 0;
    for (Slice slice : slices) {
      ElementRange elements = slice.elements();
      for (StridedRange held : slice.layout().runs(slice.shape(), rank, worldSize)) {
        long first = held.before(elements.begin());
        long end = held.before(elements.end());
        if (first < end) {
          runs = runs.isEmpty() ? new ArrayList<>(slices.size()) : runs;
          for (StridedRange part : held.part(first, end)) {
            runs.add(part.moved(offset - elements.begin()));
          }
        }
      }
      offset += elements.elements();
    }
    if (offset != shape.elements()) {
      throw new IllegalArgumentException(
          "slices are not the tensor: elements=" + offset + ", shape=" + shape);
    }
    return runs;
  }

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    return new SingleRuns(runs(shape, rank, worldSize));
  }

  @Override
  public boolean isStrided() {
    for (Slice slice : slices) {
      if (slice.layout().isStrided()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean isReplicated() {
    for (Slice slice : slices) {
      if (!slice.layout().isReplicated()) {
        return false;
      }
    }
    return true;
  }

  /** The ranks' ranges follow each other within one slice only. */
  @Override
  public boolean isListed() {
    return !isReplicated() && (slices.size() > 1 || slices.get(0).layout().isListed());
  }

  @Override
  public Optional<String> partialOverlap() {
    return slices.stream().flatMap(slice -> slice.layout().partialOverlap().stream()).findFirst();
  }

  @Override
  public String describe() {
    return slices.stream().map(Slice::describe).collect(Collectors.joining("+", "composed(", ")"));
  }
}
