package dev.cairn.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void scalarHasOneElementAndNoDimension() {
    assertEquals(1, Shape.of().elements());
    assertEquals(0, Shape.of().dimensions());
    assertEquals("[]", Shape.of().toString());
  }

  @Test
  void elementsAreTheProductOfTheDimensions() {
    assertEquals(24, Shape.of(2, 3, 4).elements());
    assertEquals(3, Shape.of(2, 3, 4).dimension(1));
    assertEquals("[2,3,4]", Shape.of(2, 3, 4).toString());
  }

  @Test
  void aZeroDimensionEmptiesEvenAHugeShape() {
    assertEquals(0, Shape.of(Long.MAX_VALUE, Long.MAX_VALUE, 0).elements());
  }

  @Test
  void largestCountStillFits() {
    assertEquals(Long.MAX_VALUE, Shape.of(Long.MAX_VALUE, 1).elements());
  }

  @Test
  void overflowIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 31));
    assertEquals("element count overflows: shape=[4294967296, 2147483648]", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 32));
  }

  @Test
  void negativeDimensionIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1));
    assertEquals("negative dimension: shape=[2, -1]", e.getMessage());
  }

  @Test
  void callersArrayIsCopiedBothWays() {
    long[] dimensions = {2, 3};
    Shape shape = Shape.of(dimensions);
    dimensions[0] = 9;
    shape.toArray()[1] = 9;
    assertArrayEquals(new long[] {2, 3}, shape.toArray());
  }

  @Test
  void equalityIsByDimensions() {
    assertEquals(Shape.of(2, 3), Shape.of(2, 3));
    assertEquals(Shape.of(2, 3).hashCode(), Shape.of(2, 3).hashCode());
    assertNotEquals(Shape.of(6), Shape.of(2, 3));
  }
}
