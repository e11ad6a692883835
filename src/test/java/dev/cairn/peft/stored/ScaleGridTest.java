package dev.cairn.peft.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleGridTest {
  private static final long[] UNSAID = {};

  private static ScaleGrid grid(Shape weight, Shape scales, long... blocks) {
    return ScaleGrid.of(
        new StoredWeight("q.weight", DType.F8_E4M3, weight),
        new StoredWeight("q.weight_scale_inv", DType.F32, scales),
        blocks);
  }

  private static List<Integer> scales(ScaleGrid grid, int elements) {
    List<Integer> scales = new ArrayList<>();
    for (int i = 0; i < elements; i++) {
      scales.add(grid.scale(i));
    }
    return scales;
  }

  @Test
  void blocksFollowFromTheShapesWhateverTheConfigSays() {
    ScaleGrid grid = grid(Shape.of(2, 4), Shape.of(2, 2), 128, 128);
    assertEquals(List.of(0, 0, 1, 1, 2, 2, 3, 3), scales(grid, 8));
    assertEquals(2, grid.run(4));
    assertEquals(1, grid.run(5));
  }

  @Test
  void lastBlockIsShorterWhereTheConfigSaysSo() {
    ScaleGrid grid = grid(Shape.of(3, 3), Shape.of(2, 2), 2, 2);
    assertEquals(List.of(0, 0, 1, 0, 0, 1, 2, 2, 3), scales(grid, 9));
    assertEquals(1, grid.run(2));
  }

  @Test
  void oneScaleMayBeForAll() {
    for (Shape one : List.of(Shape.of(), Shape.of(1), Shape.of(1, 1))) {
      assertEquals(List.of(0, 0, 0, 0, 0, 0), scales(grid(Shape.of(2, 3), one, UNSAID), 6));
    }
  }

  @Test
  void eachRowMayHaveItsOwn() {
    for (Shape rows : List.of(Shape.of(2), Shape.of(2, 1))) {
      assertEquals(List.of(0, 0, 0, 1, 1, 1), scales(grid(Shape.of(2, 3), rows, UNSAID), 6));
    }
  }

  @Test
  void eachExpertHasItsOwn() {
    ScaleGrid grid = grid(Shape.of(2, 2, 2), Shape.of(2, 2, 1), UNSAID);
    assertEquals(List.of(0, 0, 1, 1, 2, 2, 3, 3), scales(grid, 8));
  }

  @Test
  void otherScalesAreRefused() {
    List<Shape> others =
        List.of(Shape.of(3, 2), Shape.of(5), Shape.of(2, 2, 2), Shape.of(2, 3), Shape.of(0));
    for (Shape other : others) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> grid(Shape.of(4, 4), other, 3, 3), "" + other);
      assertTrue(refused.getMessage().startsWith("scales do not fit the weight: tensor=q.weight"));
    }
  }
}
