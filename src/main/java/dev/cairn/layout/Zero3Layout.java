package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.List;

/** ZeRO stage 3: equal parts of the flattened parameter, padding at the end. */
enum Zero3Layout implements Layout {
  INSTANCE;

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    long elements = shape.elements();
    long part = ceilDiv(elements, worldSize);
    long begin = Math.min(elements, part * rank); // part * rank < elements + worldSize: no overflow
    return Layout.one(begin, Math.min(elements, begin + part), rank, worldSize);
  }

  @Override
  public long paddedElements(Shape shape, int rank, int worldSize) {
    return ceilDiv(shape.elements(), worldSize);
  }

  static long ceilDiv(long elements, int worldSize) {
    return elements / worldSize + (elements % worldSize == 0 ? 0 : 1);
  }

  @Override
  public String describe() {
    return "zero3";
  }
}
