package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BucketCursorTest {
  private static PlannedTensor tensor(String name, DType saved, Layout layout, long... dimensions) {
    return new PlannedTensor(new TensorInfo(name, saved, Shape.of(dimensions)), saved, layout);
  }

  private static SavePlan plan(int worldSize, PlannedTensor... tensors) {
    return SavePlan.of(List.of(tensors), worldSize, FileNaming.model(1L << 50));
  }

  private static List<Bucket> buckets(SavePlan plan, long gatheredBytes) {
    List<Bucket> all = new ArrayList<>();
    new BucketCursor(plan, gatheredBytes).forEachRemaining(all::add);
    return all;
  }

  @Test
  void smallTensorsShareABucketAndFollowEachOtherAsInTheFile() {
    SavePlan plan =
        plan(
            2,
            tensor("a", DType.BF16, Layout.zero3(), 6),
            tensor("b", DType.BF16, Layout.zero3(), 3));
    List<Bucket> buckets = buckets(plan, 1024);
    assertEquals(1, buckets.size());
    Bucket only = buckets.get(0);
    assertEquals(32, only.rankBytes()); // 6 bytes and 4, each in 16 of its own
    long begin = plan.files().get(0).header().dataOffset() % 16;
    assertEquals(
        List.of(begin, begin + 6, begin + 12, begin + 16),
        only.parts().stream().map(Bucket.Part::orderedOffset).toList());
    assertEquals(
        List.of(0L, 0L, 16L, 16L), only.parts().stream().map(Bucket.Part::rankOffset).toList());
  }

  @Test
  void largeTensorIsCutSoThatEveryRankGivesAsMuch() {
    List<Bucket> buckets = buckets(plan(2, tensor("a", DType.F32, Layout.zero3(), 100)), 128);
    assertEquals(4, buckets.size()); // of 50 elements for each rank, 16 in a bucket
    assertEquals(64, buckets.get(0).usedBytes(0));
    assertEquals(64, buckets.get(0).usedBytes(1));
    assertEquals(16, buckets.get(3).usedBytes(1)); // the last two elements
  }

  @Test
  void bucketTooSmallIsRefusedAndTheEndIsTheEnd() {
    SavePlan plan = plan(3, tensor("a", DType.F32, Layout.zero3(), 1));
    assertEquals(
        "bucket too small: bucketBytes=191, expected at least 192 for 3 ranks",
        assertThrows(IllegalArgumentException.class, () -> new BucketCursor(plan, 191))
            .getMessage());
    BucketCursor cursor = new BucketCursor(plan, 192);
    cursor.next();
    assertFalse(cursor.hasNext());
    assertThrows(NoSuchElementException.class, cursor::next);
  }

  @Property(tries = 200)
  void everyByteIsInOneBucketOnceAndEveryBucketFits(
      @ForAll @IntRange(min = 1, max = 9) int worldSize, @ForAll long seed) {
    Random random = new Random(seed);
    DType[] dtypes = {DType.F32, DType.BF16, DType.F8_E4M3, DType.F64};
    PlannedTensor[] tensors = new PlannedTensor[1 + random.nextInt(6)];
    for (int i = 0; i < tensors.length; i++) {
      Layout layout = random.nextInt(4) == 0 ? Layout.replicated() : Layout.zero3();
      tensors[i] = tensor("t" + i, dtypes[random.nextInt(4)], layout, random.nextInt(200));
    }
    SavePlan plan = plan(worldSize, tensors);
    long gatheredBytes = worldSize * (64L + random.nextInt(200));
    byte[] written = new byte[Math.toIntExact(plan.lengthBytes())];
    for (Bucket bucket : buckets(plan, gatheredBytes)) {
      assertTrue(bucket.rankBytes() * worldSize <= gatheredBytes);
      byte[] ordered = new byte[Math.toIntExact(bucket.orderedBytes())];
      for (Bucket.Part part : bucket.parts()) {
        Segment segment = part.segment();
        assertTrue(part.rankOffset() + segment.lengthBytes() <= bucket.rankBytes());
        assertEquals(segment.fileOffset() % 16, part.orderedOffset() % 16);
        for (int i = 0; i < segment.lengthBytes(); i++) {
          written[(int) segment.fileOffset() + i]++;
          ordered[(int) part.orderedOffset() + i]++;
        }
      }
      for (byte count : ordered) {
        assertTrue(count <= 1, "parts overlap");
      }
    }
    int data = Math.toIntExact(plan.files().get(0).header().dataOffset());
    byte[] once = new byte[written.length];
    Arrays.fill(once, data, once.length, (byte) 1);
    assertEquals(-1, Arrays.mismatch(once, written));
  }
}
