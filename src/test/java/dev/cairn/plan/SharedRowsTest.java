package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.layout.Box;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.layout.Slice;
import dev.cairn.layout.StridedRange;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Tensors whose rows several ranks share. */
class SharedRowsTest {
  private static final FileNaming ONE_FILE = FileNaming.model(1L << 50);

  private static PlannedTensor tensor(String name, DType saved, Layout layout, Shape shape) {
    return new PlannedTensor(new TensorInfo(name, saved, shape), DType.F32, layout);
  }

  private static SavePlan columns(int worldSize, long... shape) {
    Layout layout = Layout.placements(Mesh.of(worldSize), List.of(Placement.shard(1)));
    return SavePlan.of(
        List.of(tensor("w", DType.BF16, layout, Shape.of(shape))), worldSize, ONE_FILE);
  }

  private static List<Chunk> list(Iterator<Chunk> chunks) {
    List<Chunk> list = new ArrayList<>();
    chunks.forEachRemaining(list::add);
    return list;
  }

  @Test
  void wholeRowsGoTogetherAndChunksAreAboutEquallyLong() {
    SavePlan plan = columns(8, 8192, 28672);
    List<Chunk> chunks = list(plan.sharedChunks(4 << 20, tensor -> true));
    assertEquals(113, chunks.size()); // 8192 rows of 57344 bytes, 73 of which fit
    for (Chunk chunk : chunks) {
      assertEquals(8, chunk.pieces().size());
      assertTrue(chunk.lengthBytes() > 3 << 20, () -> "lengthBytes=" + chunk.lengthBytes());
    }
    Segment second = chunks.get(1).pieces().get(1);
    long data = plan.files().get(0).header().dataOffset();
    assertEquals(
        new Segment(
            1,
            0,
            data + 73 * 57344 + 7168,
            73 * 7168,
            0,
            73 * 28672 + 3584,
            73 * 3584,
            73 * 3584,
            73,
            57344),
        second);
    assertFalse(plan.segments().hasNext());
    assertFalse(plan.segments(3).hasNext());
  }

  @Test
  void longRunsAreOrdinarySegments() {
    SavePlan plan = columns(2, 3, 1 << 18);
    assertFalse(plan.isInterleaved());
    assertFalse(plan.sharedChunks(4 << 20, tensor -> true).hasNext());
    List<Segment> segments = new ArrayList<>();
    plan.segments().forEachRemaining(segments::add);
    assertEquals(6, segments.size());
    assertEquals(1 << 17, segments.get(3).partitionElementOffset() % (1 << 18));
  }

  @Test
  void rowsThatAreTooLongAreCut() {
    SavePlan plan = columns(2, 2, 100);
    List<Chunk> chunks = list(plan.sharedChunks(64, tensor -> true));
    assertEquals(400, chunks.stream().mapToInt(Chunk::lengthBytes).sum());
    chunks.forEach(chunk -> assertTrue(chunk.lengthBytes() <= 64));
  }

  @Test
  void holeIsRefusedByNameBeforeAnythingIsWritten() {
    Shape shape = Shape.of(4, 4);
    Layout layout =
        Layout.boxes(List.of(Box.slice(shape, 1, 0, 2), Box.of(new long[] {0, 2}, Shape.of(3, 2))));
    List<PlannedTensor> tensors = List.of(tensor("w", DType.F32, layout, shape));
    String message =
        assertThrows(IllegalArgumentException.class, () -> SavePlan.of(tensors, 2, ONE_FILE))
            .getMessage();
    assertEquals("elements that no rank holds: tensor=w, shape=[4,4], elements=[14,16)", message);
  }

  @Test
  void boxesThatOverlapInPartAreRefusedByRank() {
    Shape shape = Shape.of(4, 6);
    Box left = Box.slice(shape, 1, 0, 3);
    Box tooWide = Box.slice(shape, 1, 2, 4);
    Layout layout = Layout.boxes(List.of(Box.slice(shape, 1, 0, 0), left, left, tooWide));
    Shape flat = Shape.of(24);
    Layout composed = Layout.composed(List.of(new Slice(layout, shape, new ElementRange(0, 24))));
    for (PlannedTensor tensor :
        List.of(
            tensor("w", DType.F32, layout, shape),
            tensor("w", DType.F32, composed, flat),
            tensor("w", DType.F32, Layout.keptBy(Set.of(1, 3), layout), shape))) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> SavePlan.of(List.of(tensor), 4, ONE_FILE))
              .getMessage();
      assertEquals(
          "boxes overlap and are not equal: tensor=w, shape=%s, rank=1, box=[0:4,0:3], rank=3, box=[0:4,2:6]"
              .formatted(tensor.info().shape()),
          message);
    }
  }

  @Test
  void rowsOfWhichARankHasSeveralRunsAreShared() {
    Layout layout = Layout.placements(Mesh.of(3), List.of(Placement.stridedShard(1, 2)));
    Shape shape = Shape.of(500, 1200);
    SavePlan plan = SavePlan.of(List.of(tensor("w", DType.BF16, layout, shape)), 3, ONE_FILE);
    assertTrue(plan.isInterleaved());
    List<Chunk> chunks = list(plan.sharedChunks(1 << 20, tensor -> true));
    assertEquals(2, chunks.size());
  }

  @Test
  void oneRankSharesNothing() {
    Layout layout = Layout.placements(Mesh.of(1), List.of(Placement.shard(1)));
    Shape shape = Shape.of(4, 6);
    Slice upper = new Slice(layout, shape, new ElementRange(12, 24));
    Slice lower = new Slice(layout, shape, new ElementRange(0, 12));
    PlannedTensor tensor =
        tensor("w", DType.BF16, Layout.composed(List.of(upper, lower)), Shape.of(24));
    assertFalse(SavePlan.of(List.of(tensor), 1, ONE_FILE).isInterleaved());
  }

  /** Boxes, placements and composed tensors, uneven, with empty ones and replicas. */
  private static Layout layout(Shape shape, int worldSize, Random random) {
    int kind = random.nextInt(3);
    if (kind == 0) {
      List<Box> boxes = new ArrayList<>();
      boxes.add(Box.whole(shape));
      for (int cuts = random.nextInt(worldSize); cuts > 0; cuts--) {
        Box box = boxes.remove(random.nextInt(boxes.size()));
        int dimension = random.nextInt(shape.dimensions());
        long middle =
            box.begin(dimension) + random.nextInt((int) box.extents().dimension(dimension) + 1);
        boxes.add(box.common(Box.slice(shape, dimension, 0, middle)));
        boxes.add(
            box.common(Box.slice(shape, dimension, middle, shape.dimension(dimension) - middle)));
      }
      while (boxes.size() < worldSize) {
        boxes.add(boxes.get(random.nextInt(boxes.size()))); // held twice
      }
      Collections.shuffle(boxes, random);
      return Layout.boxes(boxes);
    }
    int[] mesh =
        kind == 1 || worldSize % 2 == 1 ? new int[] {worldSize} : new int[] {2, worldSize / 2};
    List<Placement> placements = new ArrayList<>();
    for (int ignored : mesh) {
      int dimension = random.nextInt(shape.dimensions());
      placements.add(
          switch (random.nextInt(4)) {
            case 0 -> Placement.replicate();
            case 1 -> Placement.stridedShard(dimension, 1 + random.nextInt(3));
            default -> Placement.shard(dimension);
          });
    }
    return Layout.placements(Mesh.of(mesh), placements);
  }

  private static PlannedTensor random(String name, int worldSize, Random random) {
    long[] lengths = new long[1 + random.nextInt(4)];
    Arrays.setAll(lengths, i -> 1 + random.nextInt(7));
    Shape shape = Shape.of(lengths);
    DType saved = random.nextBoolean() ? DType.BF16 : DType.F32;
    Layout layout = layout(shape, worldSize, random);
    if (random.nextInt(3) > 0) {
      return tensor(name, saved, layout, shape);
    }
    long cut = random.nextInt((int) shape.elements());
    List<Slice> slices = new ArrayList<>();
    slices.add(new Slice(layout, shape, new ElementRange(cut, shape.elements())));
    if (cut > 0) {
      slices.add(new Slice(layout, shape, new ElementRange(0, cut)));
    }
    return tensor(name, saved, Layout.composed(slices), Shape.of(shape.elements()));
  }

  @Property(tries = 2000)
  void everyElementIsWrittenOnceByWhoHoldsIt(@ForAll Random random) {
    int worldSize = 1 + random.nextInt(8);
    List<PlannedTensor> tensors = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tensors.add(random("t" + i, worldSize, random));
    }
    SavePlan plan = SavePlan.of(tensors, worldSize, FileNaming.model(100));
    List<int[]> written = new ArrayList<>();
    plan.files().forEach(file -> written.add(new int[(int) file.lengthBytes()]));
    int chunkBytes = 64 + random.nextInt(300);
    for (Chunk chunk : list(plan.sharedChunks(chunkBytes, tensor -> true))) {
      assertTrue(chunk.lengthBytes() <= chunkBytes);
      long lengthBytes = 0;
      for (Segment piece : chunk.pieces()) {
        assertTrue(plan.isInterleaved(piece.tensor()));
        assertTrue(piece.fileOffset() >= chunk.fileOffset());
        assertTrue(piece.fileEnd() <= chunk.fileOffset() + chunk.lengthBytes());
        lengthBytes += piece.lengthBytes();
        write(plan, piece, written.get(piece.file()));
      }
      assertEquals(chunk.lengthBytes(), lengthBytes);
    }
    plan.segments().forEachRemaining(piece -> write(plan, piece, written.get(piece.file())));
    for (int file = 0; file < written.size(); file++) {
      int data = (int) plan.files().get(file).header().dataOffset();
      assertTrue(
          Arrays.stream(written.get(file), data, written.get(file).length).allMatch(n -> n == 1));
    }
  }

  /** Counts the bytes of a piece, after seeing that its elements are where the layout says. */
  private static void write(SavePlan plan, Segment piece, int[] written) {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    int elementBytes = tensor.info().dtype().bits() / 8;
    List<Long> held = new ArrayList<>();
    for (StridedRange run :
        tensor.layout().runs(tensor.info().shape(), piece.rank(), plan.worldSize())) {
      for (long index = 0; index < run.elements(); index++) {
        held.add(run.part(index, index + 1).get(0).begin());
      }
    }
    int partition = (int) piece.partitionElementOffset();
    for (long row = 0; row < piece.rows(); row++) {
      long element = piece.elementOffset() + row * piece.rowBytes() / elementBytes;
      int at = (int) (piece.fileOffset() + row * piece.rowBytes());
      for (long i = 0; i < piece.elements() / piece.rows(); i++) {
        assertEquals(element + i, held.get(partition++));
        for (int b = 0; b < elementBytes; b++) {
          written[at++]++;
        }
      }
    }
  }
}
