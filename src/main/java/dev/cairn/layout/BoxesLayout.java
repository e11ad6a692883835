package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

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

  @Override
  public String describe() {
    return "boxes" + boxByRank;
  }
}
