package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** What every rank holds, listed. */
record RangesLayout(List<List<ElementRange>> rangesByRank) implements Layout {
  static RangesLayout of(List<List<ElementRange>> rangesByRank) {
    List<List<ElementRange>> copy = new ArrayList<>();
    for (List<ElementRange> ranges : rangesByRank) {
      copy.add(ranges.stream().filter(range -> !range.isEmpty()).toList());
    }
    return new RangesLayout(List.copyOf(copy));
  }

  static RangesLayout flat(long offsetInFlat, long elements, long flatElements, int worldSize) {
    if (offsetInFlat < 0 || elements < 0 || offsetInFlat > flatElements - elements) {
      throw new IllegalArgumentException(
          "parameter outside its flat parameter: offsetInFlat=%d, elements=%d, flatElements=%d"
              .formatted(offsetInFlat, elements, flatElements));
    }
    if (worldSize < 1 || flatElements % worldSize != 0) {
      throw new IllegalArgumentException(
          "flat parameter has no equal parts: flatElements=%d, worldSize=%d"
              .formatted(flatElements, worldSize));
    }
    long part = flatElements / worldSize;
    List<List<ElementRange>> byRank = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      long begin = Math.max(0, part * rank - offsetInFlat);
      long end = Math.min(elements, part * (rank + 1) - offsetInFlat);
      byRank.add(begin < end ? List.of(new ElementRange(begin, end)) : List.of());
    }
    return new RangesLayout(List.copyOf(byRank));
  }

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    Layout.checkWorld(rank, worldSize, rangesByRank.size());
    List<ElementRange> ranges = rangesByRank.get(rank);
    for (ElementRange range : ranges) {
      if (range.end() > shape.elements()) {
        throw new IllegalArgumentException(
            "range ends after the parameter: range=%s, rank=%d, shape=%s"
                .formatted(range, rank, shape));
      }
    }
    return ranges;
  }

  @Override
  public boolean isListed() {
    return true;
  }

  @Override
  public String describe() {
    return "ranges" + rangesByRank;
  }
}
