package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Boxes and placements: which elements a rank holds, in the order of its memory. */
class MeshLayoutTest {
  private static final Placement ROWS = Placement.shard(0);
  private static final Placement COLUMNS = Placement.shard(1);

  private static List<Long> held(Layout layout, Shape shape, int rank, int worldSize) {
    return StridedRangeTest.elements(layout.runs(shape, rank, worldSize));
  }

  @Test
  void sliceAlongAnInnerDimensionIsOneStridedRange() {
    Layout layout = Layout.placements(Mesh.of(2), List.of(COLUMNS));
    Shape shape = Shape.of(8192, 28672);
    StridedRange second = new StridedRange(14336, 14336, 8192, 28672);
    assertEquals(List.of(second), layout.runs(shape, 1, 2));
    assertEquals(8192L * 14336, layout.validElements(shape, 1, 2));
    assertEquals(8192, layout.ranges(shape, 1, 2).size());
    assertEquals(new ElementRange(43008, 57344), layout.ranges(shape, 1, 2).get(1));
  }

  @Test
  void sliceOfStackedExpertsIsOneStridedRangeEvenInTheMiddle() {
    Layout middle = Layout.placements(Mesh.of(2), List.of(COLUMNS));
    assertEquals(
        List.of(new StridedRange(0, 4 * 6, 128, 8 * 6)), middle.runs(Shape.of(128, 8, 6), 0, 2));
    Layout last = Layout.placements(Mesh.of(3), List.of(Placement.shard(-1)));
    assertEquals(List.of(new StridedRange(2, 2, 128 * 8, 6)), last.runs(Shape.of(128, 8, 6), 1, 3));
  }

  @Test
  void ranksAreThoseOfAMeshInRowMajorOrder() {
    Layout layout = Layout.placements(Mesh.of(2, 2), List.of(ROWS, COLUMNS));
    assertEquals(List.of(2L, 3L, 6L, 7L), held(layout, Shape.of(4, 4), 1, 4));
    assertEquals(List.of(8L, 9L, 12L, 13L), held(layout, Shape.of(4, 4), 2, 4));
  }

  @Test
  void stridedShardIsCutFromTheRight() {
    // as the table in torch's documentation of _StridedShard says
    Layout fsdpOverTp =
        Layout.placements(Mesh.of(2, 2), List.of(Placement.stridedShard(0, 2), ROWS));
    Shape shape = Shape.of(8);
    assertEquals(List.of(new StridedRange(4, 2, 1, 2)), fsdpOverTp.runs(shape, 1, 4));
    assertEquals(List.of(new StridedRange(2, 2, 1, 2)), fsdpOverTp.runs(shape, 2, 4));
    Layout alone = Layout.placements(Mesh.of(4), List.of(Placement.stridedShard(0, 2)));
    assertEquals(List.of(0L, 1L, 5L), held(alone, Shape.of(9), 0, 4));
    assertEquals(List.of(8L), held(alone, Shape.of(9), 3, 4));
  }

  @Test
  void replicatedOnAllMeshDimensionsIsReplicated() {
    Layout all = Layout.placements(Mesh.of(2), List.of(Placement.replicate()));
    assertTrue(all.isReplicated());
    assertFalse(all.isListed());
    assertEquals(List.of(new ElementRange(0, 6)), all.ranges(Shape.of(2, 3), 1, 2));
  }

  @Test
  void scalarIsReplicatedOnly() {
    assertEquals(
        List.of(0L),
        held(Layout.placements(Mesh.of(2), List.of(Placement.replicate())), Shape.of(), 1, 2));
    Layout rows = Layout.placements(Mesh.of(2), List.of(ROWS));
    String message =
        assertThrows(IllegalArgumentException.class, () -> rows.runs(Shape.of(), 0, 2))
            .getMessage();
    assertEquals("no such dimension: placement=S(0), shape=[]", message);
  }

  @Test
  void partialValuesAreRefused() {
    List<Placement> placements = List.of(ROWS, Placement.partial());
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Layout.placements(Mesh.of(2, 2), placements))
            .getMessage();
    assertEquals(
        "partial values cannot be saved: meshDimension=1, placements=[S(0), P]; reduce them first",
        message);
  }

  @Test
  void meshAndPlacementsThatDoNotFitAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Layout.placements(Mesh.of(2, 2), List.of(ROWS)));
    assertThrows(IllegalArgumentException.class, () -> Mesh.of());
    assertThrows(IllegalArgumentException.class, () -> Mesh.of(2, 0));
    assertThrows(IllegalArgumentException.class, () -> Placement.stridedShard(0, 0));
    Layout two = Layout.placements(Mesh.of(2), List.of(COLUMNS));
    assertThrows(IllegalArgumentException.class, () -> two.runs(Shape.of(4, 4), 0, 4));
    assertThrows(IllegalArgumentException.class, () -> two.runs(Shape.of(4), 0, 2));
  }

  @Test
  void boxBeyondTheParameterIsRefusedByRank() {
    Layout layout =
        Layout.boxes(List.of(Box.whole(Shape.of(2, 2)), Box.slice(Shape.of(2, 3), 1, 2, 1)));
    String message =
        assertThrows(IllegalArgumentException.class, () -> layout.ranges(Shape.of(2, 2), 1, 2))
            .getMessage();
    assertEquals("box goes beyond the parameter: box=[0:2,2:3], rank=1, shape=[2,2]", message);
  }

  @Test
  void describesItselfInTorchsWords() {
    assertEquals(
        "mesh[2, 2][_S(0, 2), S(1)]",
        Layout.placements(Mesh.of(2, 2), List.of(Placement.stridedShard(0, 2), COLUMNS))
            .describe());
    assertEquals("boxes[[0:1,0:2]]", Layout.boxes(List.of(Box.whole(Shape.of(1, 2)))).describe());
  }

  @Property
  void boxIsHeldRowMajor(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    Box box = Boxes.inside(shape, random);
    List<Long> elements = held(Layout.boxes(List.of(box)), shape, 0, 1);
    assertEquals(
        LongStream.range(0, box.elements()).map(i -> box.elementAt(shape, i)).boxed().toList(),
        elements);
  }

  @Property
  void partOfAComposedTensorIsWhatItsRanksHold(@ForAll Random random) {
    Shape shape = Boxes.shape(random);
    List<Box> boxes = Boxes.mesh(shape, random);
    Layout whole = Layout.boxes(boxes);
    int begin = random.nextInt((int) shape.elements());
    int end = begin + 1 + random.nextInt((int) shape.elements() - begin);
    Layout part = Layout.composed(List.of(new Slice(whole, shape, new ElementRange(begin, end))));
    for (int rank = 0; rank < boxes.size(); rank++) {
      List<Long> expected = new ArrayList<>();
      for (long element : held(whole, shape, rank, boxes.size())) {
        if (element >= begin && element < end) {
          expected.add(element - begin);
        }
      }
      assertEquals(expected, held(part, Shape.of(end - begin), rank, boxes.size()));
    }
  }
}
