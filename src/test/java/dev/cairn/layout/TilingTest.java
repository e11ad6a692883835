package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.Shape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class TilingTest {
  @Test
  void chunksAreThoseOfTorch() {
    assertArrayEquals(new long[] {0, 2, 4, 5, 5}, Tiling.chunks(5, 4));
    assertArrayEquals(new long[] {0, 0}, Tiling.chunks(0, 1));
  }

  @Test
  void holeIsNamed() {
    Shape shape = Shape.of(4, 6);
    List<Box> boxes = List.of(Box.slice(shape, 1, 0, 2), Box.slice(shape, 1, 3, 3));
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Tiling.of(shape, boxes));
    assertTrue(error.getMessage().contains("hole=[0:4,2:3]"), error.getMessage());
  }

  @Test
  void pieceBeyondTheTensorIsRefused() {
    Shape shape = Shape.of(4);
    assertThrows(
        IllegalArgumentException.class,
        () -> Tiling.of(shape, List.of(Box.of(new long[] {3}, Shape.of(2)))));
    assertThrows(
        IllegalArgumentException.class, () -> Tiling.of(shape, List.of(Box.whole(Shape.of(2, 2)))));
  }

  @Test
  void replicaIsAnOverlap() {
    Shape shape = Shape.of(4, 6);
    Tiling tiling = Tiling.of(shape, List.of(Box.whole(shape), Box.whole(shape)));
    assertEquals(List.of(new Tiling.Tile(Box.whole(shape), 0)), tiling.tiles());
    assertEquals(List.of(new Tiling.Overlap(Box.whole(shape), 1)), tiling.overlaps());
  }

  @Test
  void emptyTensorNeedsNoBox() {
    assertEquals(List.of(), Tiling.of(Shape.of(0, 3), List.of()).tiles());
  }

  @Property
  void meshTilesWithoutOverlap(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    List<Box> boxes = Boxes.mesh(shape, random);
    Tiling tiling = Tiling.of(shape, boxes);
    assertEquals(List.of(), tiling.overlaps());
    requireEachElementOnce(tiling);
    for (Tiling.Tile tile : tiling.tiles()) {
      assertEquals(boxes.get(tile.owner()), tile.box());
    }
  }

  @Property
  void everyElementIsInOneTileHoweverBoxesOverlap(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    List<Box> boxes = new ArrayList<>(Boxes.mesh(shape, random));
    for (int i = 0; i < 3; i++) {
      boxes.add(Boxes.inside(shape, random));
    }
    Collections.shuffle(boxes, random);
    Tiling tiling = Tiling.of(shape, boxes);
    requireEachElementOnce(tiling);
    int[] overlapping = new int[(int) shape.elements()];
    for (Tiling.Overlap overlap : tiling.overlaps()) {
      for (long i = 0; i < overlap.box().elements(); i++) {
        long element = overlap.box().elementAt(shape, i);
        overlapping[(int) element]++;
        assertTrue(boxes.get(overlap.other()).indexOf(shape, element) >= 0);
      }
    }
    for (long element = 0; element < shape.elements(); element++) {
      int holders = 0;
      for (Box box : boxes) {
        holders += box.indexOf(shape, element) >= 0 ? 1 : 0;
      }
      assertEquals(holders, 1 + overlapping[(int) element]);
    }
  }

  @Property
  void aBoxLessLeavesAHole(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    List<Box> boxes = new ArrayList<>(Boxes.mesh(shape, random));
    boxes.removeIf(Box::isEmpty);
    boxes.remove(random.nextInt(boxes.size()));
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Tiling.of(shape, boxes));
    assertTrue(error.getMessage().contains("hole=["), error.getMessage());
  }

  @Test
  void hostileBoxesEndInBoundedTime() {
    Shape shape = Shape.of(1 << 20, 1 << 20);
    List<Box> boxes = new ArrayList<>();
    Random random = new Random(1);
    for (int i = 0; i < Tiling.MAX_BOXES; i++) {
      int column = random.nextInt(1 << 19);
      int row = random.nextInt(1 << 19);
      boxes.add(Box.of(new long[] {row, column}, Shape.of(1 << 19, 1 << 19)));
    }
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertThrows(IllegalArgumentException.class, () -> Tiling.of(shape, boxes)));
  }

  private static void requireEachElementOnce(Tiling tiling) {
    Shape shape = tiling.shape();
    int[] tiles = new int[(int) shape.elements()];
    for (int tile = 0; tile < tiling.tiles().size(); tile++) {
      Box box = tiling.tiles().get(tile).box();
      for (long i = 0; i < box.elements(); i++) {
        long element = box.elementAt(shape, i);
        tiles[(int) element]++;
        assertEquals(tile, tiling.tileAt(element));
      }
    }
    for (int count : tiles) {
      assertEquals(1, count);
    }
  }
}
