package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Shapes and boxes by chance, and what a mesh makes of a tensor. */
final class Boxes {
  private Boxes() {}

  static Shape shape(Random random) {
    long[] extents = new long[1 + random.nextInt(3)];
    for (int i = 0; i < extents.length; i++) {
      extents[i] = 1L + random.nextInt(6);
    }
    return Shape.of(extents);
  }

  /** Returns a box in a tensor, perhaps an empty one. */
  static Box inside(Shape shape, Random random) {
    long[] begins = new long[shape.dimensions()];
    long[] extents = new long[shape.dimensions()];
    for (int i = 0; i < begins.length; i++) {
      begins[i] = random.nextInt((int) shape.dimension(i) + 1);
      extents[i] = random.nextInt((int) (shape.dimension(i) - begins[i]) + 1);
    }
    return Box.of(begins, Shape.of(extents));
  }

  /** Cuts every dimension into a few chunks, as a mesh does; uneven and empty ones among them. */
  static List<Box> mesh(Shape shape, Random random) {
    List<Box> boxes = List.of(Box.whole(shape));
    for (int dimension = 0; dimension < shape.dimensions(); dimension++) {
      long[] begins = Tiling.chunks(shape.dimension(dimension), 1 + random.nextInt(4));
      List<Box> cut = new ArrayList<>();
      for (Box box : boxes) {
        for (int i = 0; i + 1 < begins.length; i++) {
          cut.add(box.common(Box.slice(shape, dimension, begins[i], begins[i + 1] - begins[i])));
        }
      }
      boxes = cut;
    }
    return boxes;
  }
}
