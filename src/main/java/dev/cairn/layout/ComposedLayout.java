package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How a tensor is spread that is put together from slices of parameters: a rank holds what it holds
 * of each slice.
 */
record ComposedLayout(List<Slice> slices) implements Layout {
  ComposedLayout {
    slices = List.copyOf(slices);
  }

  /** One range for each run of a slice in a rank's memory: only within one is memory contiguous. */
  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    List<ElementRange> ranges = List.of(); // of many tensors a rank holds nothing
    long offset = 0;
    for (Slice slice : slices) {
      for (ElementRange held : slice.layout().ranges(slice.shape(), rank, worldSize)) {
        long begin = Math.max(held.begin(), slice.elements().begin());
        long end = Math.min(held.end(), slice.elements().end());
        if (begin < end) {
          ranges = ranges.isEmpty() ? new ArrayList<>(slices.size()) : ranges;
          long moved = offset - slice.elements().begin();
          ranges.add(new ElementRange(begin + moved, end + moved));
        }
      }
      offset += slice.elements().elements();
    }
    if (offset != shape.elements()) {
      throw new IllegalArgumentException(
          "slices are not the tensor: elements=" + offset + ", shape=" + shape);
    }
    return ranges;
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
  public String describe() {
    return slices.stream().map(Slice::describe).collect(Collectors.joining("+", "composed(", ")"));
  }
}
