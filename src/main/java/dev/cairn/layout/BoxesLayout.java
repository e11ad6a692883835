package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One box of the parameter to each rank. */
record BoxesLayout(List<Box> boxByRank) implements Layout {
  BoxesLayout {
    boxByRank = List.copyOf(boxByRank);
  }

  @Override
  public List<StridedRange> runs(Shape shape, int rank, int worldSize) {
    Layout.checkWorld(rank, worldSize, boxByRank.size());
    Box box = boxByRank.get(rank);
    if (!box.liesIn(shape)) {
      throw new IllegalArgumentException(
          "box goes beyond the parameter: box=%s, rank=%d, shape=%s".formatted(box, rank, shape));
    }
    List<List<ElementRange>> indices = new ArrayList<>();
    for (int dimension = 0; dimension < box.dimensions(); dimension++) {
      ElementRange range = new ElementRange(box.begin(dimension), box.end(dimension));
      indices.add(range.isEmpty() ? List.of() : List.of(range));
    }
    return Grid.runs(shape, indices);
  }

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    return new SingleRuns(runs(shape, rank, worldSize));
  }

  @Override
  public boolean isListed() {
    return true;
  }

  @Override
  public boolean isStrided() {
    return true;
  }

  /** Boxes without a hole overlap if they have more elements than the box around them. */
  @Override
  public Optional<String> partialOverlap() {
    Map<Box, Integer> firstRanks = new LinkedHashMap<>();
    for (int rank = 0; rank < boxByRank.size(); rank++) {
      if (!boxByRank.get(rank).isEmpty()) {
        firstRanks.putIfAbsent(boxByRank.get(rank), rank);
      }
    }
    List<Box> boxes = List.copyOf(firstRanks.keySet());
    long elements = boxes.stream().mapToLong(Box::elements).sum();
    if (elements <= aroundElements(boxes)) {
      return Optional.empty();
    }
    for (Box box : boxes) {
      for (Box other : boxes.subList(0, boxes.indexOf(box))) {
        if (!box.common(other).isEmpty()) {
          return Optional.of(
              "rank=%d, box=%s, rank=%d, box=%s"
                  .formatted(firstRanks.get(other), other, firstRanks.get(box), box));
        }
      }
    }
    return Optional.empty();
  }

  /** Returns how many elements the least box has that has all of these in it. */
  private static long aroundElements(List<Box> boxes) {
    int dimensions = boxes.isEmpty() ? 0 : boxes.get(0).dimensions();
    if (boxes.stream().anyMatch(box -> box.dimensions() != dimensions)) {
      return Long.MAX_VALUE; // refused when the shape is known
    }
    long elements = 1;
    for (int i = 0; i < dimensions; i++) {
      int dimension = i;
      long begin = boxes.stream().mapToLong(box -> box.begin(dimension)).min().getAsLong();
      long end = boxes.stream().mapToLong(box -> box.end(dimension)).max().getAsLong();
      elements = Math.multiplyExact(elements, end - begin);
    }
    return elements;
  }

  @Override
  public String describe() {
    return "boxes" + boxByRank;
  }
}
