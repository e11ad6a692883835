package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BoxTest {
  private static final Shape SHAPE = Shape.of(3, 4, 5);

  @Test
  void sliceOfAnInnerDimensionIsAStridedRun() {
    Box box = Box.slice(Shape.of(2, 6), 1, 2, 3);
    assertEquals("[0:2,2:5]", box.toString());
    assertEquals(3, box.runAt(Shape.of(2, 6), 0));
    assertEquals(1, box.runAt(Shape.of(2, 6), 2));
    assertEquals(8, box.elementAt(Shape.of(2, 6), 3));
    assertEquals(3, box.indexOf(Shape.of(2, 6), 8));
    assertEquals(-1, box.indexOf(Shape.of(2, 6), 5));
  }

  @Test
  void sliceOfTheOutermostDimensionIsOneRun() {
    assertEquals(40, Box.slice(SHAPE, 0, 1, 2).runAt(SHAPE, 0));
  }

  @Test
  void scalarIsOneElement() {
    Box scalar = Box.whole(Shape.of());
    assertEquals(1, scalar.elements());
    assertEquals(0, scalar.indexOf(Shape.of(), 0));
    assertEquals(1, scalar.runAt(Shape.of(), 0));
  }

  @Test
  void boxesThatAreNoneAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Box.of(new long[] {-1}, Shape.of(2)));
    assertThrows(IllegalArgumentException.class, () -> Box.of(new long[] {0}, Shape.of(2, 2)));
    assertThrows(
        IllegalArgumentException.class, () -> Box.of(new long[] {Long.MAX_VALUE}, Shape.of(2)));
    assertThrows(IllegalArgumentException.class, () -> Box.slice(SHAPE, 3, 0, 1));
  }

  @Property
  void elementsOfABoxAreFoundWhereTheyAre(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    Box box = Boxes.inside(shape, random);
    long last = -1;
    for (long index = 0; index < box.elements(); index++) {
      long element = box.elementAt(shape, index);
      assertTrue(element > last && element < shape.elements());
      assertEquals(index, box.indexOf(shape, element));
      last = element;
    }
    long inBox = 0;
    for (long element = 0; element < shape.elements(); element++) {
      inBox += box.indexOf(shape, element) >= 0 ? 1 : 0;
    }
    assertEquals(box.elements(), inBox);
  }

  @Property
  void runLiesSideBySideInBoth(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    Box box = Boxes.inside(shape, random);
    for (long index = 0; index < box.elements(); ) {
      long run = box.runAt(shape, index);
      for (long i = 0; i < run; i++) {
        assertEquals(box.elementAt(shape, index) + i, box.elementAt(shape, index + i));
      }
      index += run;
      assertTrue(index <= box.elements());
    }
  }

  @Property
  void commonAndRestAreTheBox(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    Box box = Boxes.inside(shape, random);
    Box other = Boxes.inside(shape, random);
    Set<Long> left = elements(shape, box);
    Set<Long> rest = new HashSet<>();
    List<Box> parts = box.without(other);
    for (Box part : parts) {
      for (long element : elements(shape, part)) {
        assertTrue(rest.add(element), "twice");
      }
    }
    Set<Long> common = elements(shape, box.common(other));
    Set<Long> both = elements(shape, box);
    both.retainAll(elements(shape, other));
    assertEquals(both, common);
    left.removeAll(common);
    assertEquals(left, rest);
  }

  private static Set<Long> elements(Shape shape, Box box) {
    Set<Long> elements = new HashSet<>();
    for (long index = 0; index < box.elements(); index++) {
      elements.add(box.elementAt(shape, index));
    }
    return elements;
  }
}
