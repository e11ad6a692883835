package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.List;

/** Every rank holds the whole parameter. */
enum ReplicatedLayout implements Layout {
  INSTANCE;

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    return Layout.one(0, shape.elements(), rank, worldSize);
  }

  @Override
  public long paddedElements(Shape shape, int rank, int worldSize) {
    return shape.elements();
  }

  @Override
  public boolean isReplicated() {
    return true;
  }

  @Override
  public String describe() {
    return "replicated";
  }
}
