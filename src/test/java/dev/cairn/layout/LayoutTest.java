package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LayoutTest {
  @Test
  void lastRankHoldsFewerElementsWhenNotDivisible() {
    Shape shape = Shape.of(10);
    assertEquals(List.of(new ElementRange(0, 3)), Layout.zero3().ranges(shape, 0, 4));
    assertEquals(List.of(new ElementRange(9, 10)), Layout.zero3().ranges(shape, 3, 4));
    assertEquals(3, Layout.zero3().paddedElements(shape, 3, 4));
  }

  @Test
  void rankPastTheEndHoldsPaddingOnly() {
    assertEquals(List.of(), Layout.zero3().ranges(Shape.of(), 3, 4));
    assertEquals(1, Layout.zero3().paddedElements(Shape.of(), 3, 4));
  }

  @Test
  void rowsAreCutAsTorchChunkDoes() {
    // torch.chunk(torch.empty(5, 2), 4) has 2, 2 and 1 rows, and no fourth chunk
    Shape shape = Shape.of(5, 2);
    assertEquals(List.of(new ElementRange(0, 4)), Layout.rows().ranges(shape, 0, 4));
    assertEquals(List.of(new ElementRange(8, 10)), Layout.rows().ranges(shape, 2, 4));
    assertEquals(List.of(), Layout.rows().ranges(shape, 3, 4));
    assertEquals(0, Layout.rows().paddedElements(shape, 3, 4));
  }

  @Test
  void rowsRefuseAScalar() {
    assertThrows(IllegalArgumentException.class, () -> Layout.rows().ranges(Shape.of(), 0, 2));
  }

  @Test
  void flatParameterIsCutWhereItsPartitionEnds() {
    // elements [3, 8) of a flat parameter of 12 elements on 3 ranks: parts of 4
    Layout layout = Layout.flat(3, 5, 12, 3);
    Shape shape = Shape.of(5);
    assertEquals(List.of(new ElementRange(0, 1)), layout.ranges(shape, 0, 3));
    assertEquals(List.of(new ElementRange(1, 5)), layout.ranges(shape, 1, 3));
    assertEquals(List.of(), layout.ranges(shape, 2, 3));
  }

  @Test
  void listedLayoutRefusesAnotherWorldOrALongerRange() {
    Layout layout = Layout.ranges(List.of(List.of(new ElementRange(0, 4)), List.of()));
    assertThrows(IllegalArgumentException.class, () -> layout.ranges(Shape.of(4), 0, 3));
    assertThrows(IllegalArgumentException.class, () -> layout.ranges(Shape.of(3), 0, 2));
  }

  @Test
  void rankOutsideTheWorldIsRefused() {
    for (Layout layout : List.of(Layout.zero3(), Layout.replicated(), Layout.rows())) {
      assertThrows(IllegalArgumentException.class, () -> layout.ranges(Shape.of(4), 2, 2));
      assertThrows(IllegalArgumentException.class, () -> layout.ranges(Shape.of(4), -1, 2));
    }
  }

  @Property
  void shardedLayoutsCoverEveryElementOnceInOrder(
      @ForAll @IntRange(min = 0, max = 40) int rows,
      @ForAll @IntRange(min = 0, max = 7) int columns,
      @ForAll @IntRange(min = 1, max = 17) int worldSize) {
    Shape shape = Shape.of(rows, columns);
    for (Layout layout : List.of(Layout.zero3(), Layout.rows())) {
      List<ElementRange> all = new ArrayList<>();
      for (int rank = 0; rank < worldSize; rank++) {
        long valid = 0;
        for (ElementRange range : layout.ranges(shape, rank, worldSize)) {
          all.add(range);
          valid += range.elements();
        }
        assertTrue(valid <= layout.paddedElements(shape, rank, worldSize));
      }
      long next = 0;
      for (ElementRange range : all) {
        assertEquals(next, range.begin());
        next = range.end();
      }
      assertEquals(shape.elements(), next);
    }
  }

  @Property
  void zero3PartsAreEqualOnAllRanks(
      @ForAll @IntRange(min = 0, max = 200) int elements,
      @ForAll @IntRange(min = 1, max = 17) int worldSize) {
    long padded = Layout.zero3().paddedElements(Shape.of(elements), 0, worldSize);
    for (int rank = 1; rank < worldSize; rank++) {
      assertEquals(padded, Layout.zero3().paddedElements(Shape.of(elements), rank, worldSize));
    }
    assertTrue(padded * worldSize >= elements && padded * worldSize < elements + worldSize);
  }
}
