package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.List;

/** FSDP2: rows of dimension 0, {@code ceil(rows / worldSize)} to a rank as {@code torch.chunk}. */
enum RowsLayout implements Layout {
  INSTANCE;

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    if (shape.dimensions() == 0) {
      throw new IllegalArgumentException(
          "a scalar has no rows to share out: layout=rows, shape=[]");
    }
    long rows = shape.dimension(0);
    long rowElements = rows == 0 ? 0 : shape.elements() / rows;
    long part = Zero3Layout.ceilDiv(rows, worldSize);
    long begin = Math.min(rows, part * rank);
    long end = Math.min(rows, begin + part);
    return Layout.one(begin * rowElements, end * rowElements, rank, worldSize);
  }

  @Override
  public String describe() {
    return "rows";
  }
}
