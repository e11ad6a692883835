package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GatherPlanTest {
  private static final int CHUNK_BYTES = 8 << 20;

  private static List<Chunk> list(Iterator<Chunk> chunks) {
    List<Chunk> list = new ArrayList<>();
    chunks.forEachRemaining(list::add);
    return list;
  }

  private static List<Segment> pieces(List<Chunk> chunks) {
    return chunks.stream().flatMap(chunk -> chunk.pieces().stream()).toList();
  }

  private static SavePlan drawn(Random random, int worldSize) {
    List<PlannedTensor> tensors = DrawnTensors.draw(random, worldSize);
    return SavePlan.of(tensors, worldSize, FileNaming.model(1 + random.nextInt(3000)));
  }

  /** All pieces, joined where one was cut, are the segments. */
  @Property(tries = 300)
  void everySegmentIsInOnePackOrInChunksAndFits(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int worldSize) {
    Random random = new Random(seed);
    SavePlan plan = drawn(random, worldSize);
    int chunkBytes = 64 + random.nextInt(200);
    GatherPlan gather = new GatherPlan(plan, chunkBytes);
    List<Segment> all = new ArrayList<>();
    for (Chunk pack : list(gather.packs(tensor -> true))) {
      assertTrue(pack.lengthBytes() <= chunkBytes / 2, () -> "pack too long: " + pack);
      assertTrue(pack.pieces().stream().allMatch(piece -> piece.file() == pack.file()));
      all.addAll(pack.pieces());
    }
    for (Chunk chunk : list(gather.chunks(tensor -> true))) {
      assertTrue(chunk.lengthBytes() <= chunkBytes, () -> "chunk too long: " + chunk);
      assertEquals(List.of(chunk), chunk.runs(), "a chunk with holes");
      all.addAll(chunk.pieces());
    }
    all.sort(Comparator.comparingInt(Segment::file).thenComparingLong(Segment::fileOffset));
    Iterator<Segment> cut = all.iterator();
    for (Iterator<Segment> segments = plan.segments(); segments.hasNext(); ) {
      Segment segment = segments.next();
      DType saved = plan.tensors().get(segment.tensor()).info().dtype();
      for (long elements = 0; elements < segment.elements(); ) {
        Segment piece = cut.next();
        assertEquals(segment.part(elements, piece.elements(), saved), piece);
        elements += piece.elements();
      }
    }
    assertTrue(!cut.hasNext(), "a piece of no segment");
  }

  @Property(tries = 300)
  void whatARankSendsIsWhatTheWriterExpectsOfIt(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int worldSize) {
    Random random = new Random(seed);
    GatherPlan gather = new GatherPlan(drawn(random, worldSize), 64 + random.nextInt(200));
    int parity = random.nextInt(3);
    IntPredicate wanted = tensor -> tensor % 2 != parity;
    for (int rank = 1; rank < worldSize; rank++) {
      int sender = rank;
      List<Chunk> expected = new ArrayList<>();
      for (Chunk pack : list(gather.packs(wanted))) {
        List<Segment> own = pack.pieces().stream().filter(p -> p.rank() == sender).toList();
        if (!own.isEmpty()) {
          expected.add(new Chunk(own));
        }
      }
      assertEquals(expected, list(gather.packs(rank, wanted)));
      List<Segment> direct =
          pieces(list(gather.chunks(wanted))).stream().filter(p -> p.rank() == sender).toList();
      List<Chunk> messages = list(gather.messages(rank, wanted));
      assertEquals(direct, pieces(messages));
      assertEquals(direct.size(), messages.size());
    }
  }

  @Property(tries = 100)
  void unwantedTensorsAreLeftOut(@ForAll long seed) {
    Random random = new Random(seed);
    GatherPlan gather = new GatherPlan(drawn(random, 3), 64 + random.nextInt(200));
    IntPredicate even = tensor -> tensor % 2 == 0;
    List<Chunk> chunks = list(gather.packs(even));
    chunks.addAll(list(gather.chunks(even)));
    assertTrue(pieces(chunks).stream().allMatch(piece -> even.test(piece.tensor())));
  }

  private static PlannedTensor tensor(int index, long elements) {
    TensorInfo info = new TensorInfo("layer." + index, DType.BF16, Shape.of(elements));
    return new PlannedTensor(info, DType.BF16, Layout.zero3());
  }

  /** A message per tensor and rank took 62 s for 300 tensors of 1 024 ranks. */
  @Test
  void manySmallTensorsOfManyRanksAreFewMessages() {
    List<PlannedTensor> tensors = new ArrayList<>();
    for (int index = 0; index < 300; index++) {
      tensors.add(tensor(index, index % 2 == 0 ? 1024 : 64 * 1024));
    }
    SavePlan plan = SavePlan.of(tensors, 1024, FileNaming.model(1L << 50));
    GatherPlan gather = new GatherPlan(plan, CHUNK_BYTES);
    assertEquals(5, list(gather.packs(1000, tensor -> true)).size());
    assertEquals(0, list(gather.messages(1000, tensor -> true)).size());
    assertEquals(5, list(gather.packs(tensor -> true)).size());
  }

  /** Packs are copied once more than what goes straight to its place. */
  @Test
  void largeTensorsOfFewRanksTravelByThemselves() {
    List<PlannedTensor> tensors = List.of(tensor(0, 1 << 20), tensor(1, 1 << 10));
    GatherPlan gather =
        new GatherPlan(SavePlan.of(tensors, 8, FileNaming.model(1L << 50)), CHUNK_BYTES);
    assertEquals(List.of(0), tensorsOf(gather.messages(7, tensor -> true)));
    assertEquals(List.of(1), tensorsOf(gather.packs(7, tensor -> true)));
  }

  /** Otherwise the network stands still while rank 0 writes what is its own. */
  @Test
  void rankZeroReceivesFirstAndWritesItsOwnInBetween() {
    SavePlan plan = SavePlan.of(List.of(tensor(0, 8 << 20)), 2, FileNaming.model(1L << 50));
    List<Chunk> chunks = list(new GatherPlan(plan, 1 << 20).chunks(tensor -> true));
    List<Boolean> received = chunks.stream().map(GatherPlanTest::isReceived).toList();
    assertEquals(List.of(true, false, true, false, true, false), received.subList(0, 6));
  }

  private static boolean isReceived(Chunk chunk) {
    return chunk.pieces().stream().anyMatch(piece -> piece.rank() != 0);
  }

  private static List<Integer> tensorsOf(Iterator<Chunk> chunks) {
    return pieces(list(chunks)).stream().map(Segment::tensor).toList();
  }
}
