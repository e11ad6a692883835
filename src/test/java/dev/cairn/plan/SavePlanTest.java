package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SavePlanTest {
  private static final FileNaming ONE_FILE = FileNaming.model(1L << 50);

  private static PlannedTensor tensor(String name, DType saved, Layout layout, long... dimensions) {
    return new PlannedTensor(new TensorInfo(name, saved, Shape.of(dimensions)), DType.F32, layout);
  }

  private static List<Segment> list(Iterator<Segment> segments) {
    List<Segment> list = new ArrayList<>();
    segments.forEachRemaining(list::add);
    return list;
  }

  @Test
  void partitionsOfOneTensorFollowEachOtherInTheFile() {
    SavePlan plan =
        SavePlan.of(List.of(tensor("w", DType.BF16, Layout.zero3(), 5, 2)), 4, ONE_FILE);
    long data = plan.files().get(0).header().dataOffset();
    List<Segment> segments = list(plan.segments());
    assertEquals(new Segment(0, 0, data, 6, 0, 0, 3, 0), segments.get(0));
    assertEquals(new Segment(3, 0, data + 18, 2, 0, 9, 1, 0), segments.get(3));
    assertEquals(data + 20, plan.lengthBytes());
  }

  @Test
  void replicatedTensorGoesToTheRankWithFewestBytes() {
    SavePlan plan =
        SavePlan.of(
            List.of(
                tensor("big", DType.F32, Layout.replicated(), 100),
                tensor("small", DType.F32, Layout.replicated(), 10),
                tensor("next", DType.F32, Layout.replicated(), 20),
                tensor("rows", DType.F32, Layout.rows(), 1, 4)),
            2,
            ONE_FILE);
    int[] writers = new int[4];
    plan.segments().forEachRemaining(segment -> writers[segment.tensor()] = segment.rank());
    // the sharded row is rank 0's 16 bytes, so the largest copy goes to rank 1 and the rest to rank
    // 0
    assertArrayEquals(new int[] {1, 0, 0, 0}, writers);
  }

  @Test
  void overlappingRangesHaveOneWriterEach() {
    Layout hybrid =
        Layout.ranges(
            List.of(
                List.of(new ElementRange(0, 6)),
                List.of(new ElementRange(6, 10)),
                List.of(new ElementRange(4, 8))));
    SavePlan plan = SavePlan.of(List.of(tensor("w", DType.F32, hybrid, 10)), 3, ONE_FILE);
    long data = plan.files().get(0).header().dataOffset();
    assertEquals(
        List.of(
            new Segment(0, 0, data, 24, 0, 0, 6, 0), new Segment(1, 0, data + 24, 16, 0, 6, 4, 0)),
        list(plan.segments()));
  }

  @Test
  void elementsThatNoRankHoldsAreRefused() {
    Layout gap =
        Layout.ranges(List.of(List.of(new ElementRange(0, 4)), List.of(new ElementRange(5, 10))));
    SavePlan plan = SavePlan.of(List.of(tensor("w", DType.F32, gap, 10)), 2, ONE_FILE);
    Exception e = assertThrows(IllegalArgumentException.class, () -> list(plan.segments()));
    assertEquals(
        "elements that no rank holds: tensor=w, shape=[10], elements=[4,5)", e.getMessage());
  }

  @Test
  void halfBytesAreRefusedWithTheTensorsName() {
    PlannedTensor odd =
        new PlannedTensor(new TensorInfo("q", DType.F4, Shape.of(6)), DType.F4, Layout.zero3());
    SavePlan plan = SavePlan.of(List.of(odd), 2, ONE_FILE);
    Exception e = assertThrows(IllegalArgumentException.class, () -> list(plan.segments()));
    assertTrue(e.getMessage().contains("tensor=q"), e.getMessage());
  }

  @Test
  void shardsAreNumberedInParameterOrder() {
    SavePlan plan =
        SavePlan.of(
            List.of(
                tensor("b", DType.F32, Layout.zero3(), 4),
                tensor("a", DType.F32, Layout.zero3(), 4)),
            2,
            FileNaming.model(16));
    assertEquals(
        List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        plan.files().stream().map(PlannedFile::name).toList());
    assertEquals("b", plan.files().get(0).header().tensors().get(0).name());
  }

  @Test
  void ranksBeginInDifferentFilesAndMissNone() {
    SavePlan plan =
        SavePlan.of(
            List.of(
                tensor("a", DType.BF16, Layout.zero3(), 100, 2),
                tensor("b", DType.BF16, Layout.zero3(), 100, 2),
                tensor("c", DType.BF16, Layout.zero3(), 100, 2)),
            3,
            FileNaming.model(400));
    assertEquals(3, plan.files().size());
    for (int rank = 0; rank < 3; rank++) {
      List<Integer> files = new ArrayList<>();
      plan.chunks(rank, 4096).forEachRemaining(chunk -> files.add(chunk.file()));
      assertEquals(List.of(rank, (rank + 1) % 3, (rank + 2) % 3), files);
    }
  }

  @Test
  void hundredThousandTensorsArePlannedAtOnce() {
    assertEquals(100_000L * 3 * 2, plannedBytesOfOneRank(many(100_000)));
  }

  private static List<PlannedTensor> many(int count) {
    List<PlannedTensor> many = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      many.add(tensor("model.layers." + index + ".weight", DType.BF16, Layout.zero3(), 64, 33));
    }
    return many;
  }

  private static long plannedBytesOfOneRank(List<PlannedTensor> tensors) {
    SavePlan plan = SavePlan.of(tensors, 1024, FileNaming.model(100_000_000));
    long bytes = 0;
    for (Segment segment : list(plan.segments(5))) {
      bytes += segment.lengthBytes();
    }
    return bytes;
  }

  /** What was quadratic would take a hundred times as much. */
  @Test
  void tenTimesTheTensorsTakeAboutTenTimesTheMemoryAndTheProcessor() {
    Cost few = Cost.ofPlanning(many(10_000));
    Cost many = Cost.ofPlanning(many(100_000));
    assertTrue(many.allocatedBytes < 12 * few.allocatedBytes, () -> few + ", " + many);
    assertTrue(many.cpuNanos < 30 * few.cpuNanos, () -> few + ", " + many);
  }

  private record Cost(long allocatedBytes, long cpuNanos) {
    /** Returns the least of several times: the JVM compiles and collects meanwhile. */
    static Cost ofPlanning(List<PlannedTensor> tensors) {
      ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      Cost least = new Cost(Long.MAX_VALUE, Long.MAX_VALUE);
      for (int round = 0; round < 3; round++) {
        long bytesBefore = thread.getCurrentThreadAllocatedBytes();
        long nanosBefore = thread.getCurrentThreadCpuTime();
        plannedBytesOfOneRank(tensors);
        least =
            new Cost(
                Math.min(
                    least.allocatedBytes, thread.getCurrentThreadAllocatedBytes() - bytesBefore),
                Math.min(least.cpuNanos, thread.getCurrentThreadCpuTime() - nanosBefore));
      }
      return least;
    }
  }

  @Property(tries = 300)
  void everyByteOfEveryFileHasExactlyOneWriter(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 17) int worldSize) {
    Random random = new Random(seed);
    List<PlannedTensor> tensors = DrawnTensors.draw(random, worldSize);
    SavePlan plan = SavePlan.of(tensors, worldSize, FileNaming.model(1 + random.nextInt(2000)));
    List<byte[]> writers = new ArrayList<>();
    for (PlannedFile file : plan.files()) {
      byte[] writer = new byte[(int) file.lengthBytes()];
      Arrays.fill(writer, 0, (int) file.header().dataOffset(), (byte) 99);
      writers.add(writer);
    }
    List<Segment> own = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      own.addAll(list(plan.segments(rank)));
    }
    for (Segment segment : own) {
      byte[] writer = writers.get(segment.file());
      for (long offset = segment.fileOffset(); offset < segment.fileEnd(); offset++) {
        assertEquals(0, writer[(int) offset], "a byte with two writers");
        writer[(int) offset] = (byte) (segment.rank() + 1);
      }
    }
    for (byte[] writer : writers) {
      for (byte rank : writer) {
        assertFalse(rank == 0, "a byte without a writer");
      }
    }
    assertEquals(own.size(), list(plan.segments()).size());
  }

  @Property(tries = 300)
  void chunksAreTheSegmentsInOrderAndFitTheirBuffer(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int worldSize) {
    Random random = new Random(seed);
    List<PlannedTensor> tensors = DrawnTensors.draw(random, worldSize);
    SavePlan plan = SavePlan.of(tensors, worldSize, FileNaming.model(1 + random.nextInt(3000)));
    int chunkBytes = 64 + random.nextInt(200);
    int rank = random.nextInt(worldSize);
    long bytes = 0;
    for (Iterator<Chunk> chunks = plan.chunks(rank, chunkBytes); chunks.hasNext(); ) {
      Chunk chunk = chunks.next();
      assertTrue(chunk.lengthBytes() <= chunkBytes);
      assertEquals(List.of(chunk), chunk.runs());
      bytes += chunk.lengthBytes();
    }
    long owned = list(plan.segments(rank)).stream().mapToLong(Segment::lengthBytes).sum();
    assertEquals(owned, bytes);
  }

  @Property(tries = 100)
  void unwantedTensorsAreLeftOut(@ForAll long seed) {
    Random random = new Random(seed);
    SavePlan plan = SavePlan.of(DrawnTensors.draw(random, 3), 3, FileNaming.model(1000));
    Set<Integer> seen = new TreeSet<>();
    plan.chunks(1, 64, tensor -> tensor % 2 == 0)
        .forEachRemaining(chunk -> chunk.pieces().forEach(piece -> seen.add(piece.tensor())));
    Set<Integer> expected = new TreeSet<>();
    plan.segments(1).forEachRemaining(segment -> expected.add(segment.tensor()));
    expected.removeIf(tensor -> tensor % 2 != 0);
    assertEquals(expected, seen);
  }
}
