package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** No write is below 256 KiB where there is more to write beside it. */
class WriteLengthTest {
  private static Layout ofLargeTensor(int[] mesh, int dimensions, Random random) {
    List<Placement> placements = new ArrayList<>();
    for (int ignored : mesh) {
      int dimension = random.nextInt(dimensions);
      placements.add(
          switch (random.nextInt(4)) {
            case 0 -> Placement.replicate();
            case 1 -> Placement.stridedShard(dimension, 2);
            default -> Placement.shard(dimension);
          });
    }
    return Layout.placements(Mesh.of(mesh), placements);
  }

  /** Of a tensor from its first write to its last: what is left at an end may be little. */
  @Property(tries = 100)
  void writesAreLongWhereATensorIs(@ForAll Random random) {
    int[] mesh = {1 + random.nextInt(4), 1 + random.nextInt(4)};
    int worldSize = mesh[0] * mesh[1];
    long[] lengths = new long[2 + random.nextInt(2)];
    int most = lengths.length == 2 ? 2000 : 150;
    Arrays.setAll(lengths, i -> 20 + random.nextInt(most));
    Shape shape = Shape.of(lengths);
    Layout layout = ofLargeTensor(mesh, lengths.length, random);
    PlannedTensor tensor =
        new PlannedTensor(new TensorInfo("w", DType.BF16, shape), DType.F32, layout);
    SavePlan plan = SavePlan.of(List.of(tensor), worldSize, FileNaming.model(1L << 50));
    List<Chunk> writes = new ArrayList<>();
    plan.sharedChunks(1 << 20, any -> true).forEachRemaining(writes::add);
    plan.segments().forEachRemaining(segment -> writes.add(new Chunk(List.of(segment))));
    writes.sort(Comparator.comparingLong(Chunk::fileOffset));
    int shortOnes = 0;
    for (Chunk write : writes) {
      shortOnes += write.lengthBytes() < 256 << 10 ? 1 : 0;
    }
    int allowed = plan.isInterleaved() ? 1 : worldSize; // a rank that has one run, however short
    assertTrue(
        shortOnes <= allowed,
        () -> layout.describe() + shape + " " + writes.stream().map(Chunk::lengthBytes).toList());
  }
}
