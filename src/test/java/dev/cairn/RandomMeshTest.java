package dev.cairn;

import static dev.cairn.AsyncSaves.NO_STATE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Box;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.OtherProcess;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/** Saves of any tensors on any mesh in any way, restored on another mesh. */
@Tag("stress")
class RandomMeshTest {
  private static final long MAX_SHARD_BYTES = 10_000;
  private static final List<DType> DTYPES =
      List.of(
          DType.F32,
          DType.BF16,
          DType.F16,
          DType.F64,
          DType.I64,
          DType.U8,
          DType.F8_E4M3,
          DType.BOOL);

  /** The same tensors for the same seed, spread in some way. */
  private static ReferenceModel model(long seed, int worldSize, Random spread) {
    Random random = new Random(seed);
    ReferenceModel model = new ReferenceModel(seed);
    for (int i = 0; i < 6; i++) {
      long[] lengths = new long[random.nextInt(4)];
      Arrays.setAll(lengths, any -> random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(24));
      DType held = DTYPES.get(random.nextInt(DTYPES.size()));
      model.add("layers." + i + ".weight", held, layout(lengths, worldSize, spread), lengths);
    }
    return model;
  }

  private static Layout layout(long[] lengths, int worldSize, Random random) {
    int kind = random.nextInt(10);
    if (kind == 0 || lengths.length == 0) {
      return random.nextBoolean() ? Layout.zero3() : Layout.replicated();
    }
    if (kind < 3) {
      return boxes(Shape.of(lengths), worldSize, random);
    }
    int inner = worldSize % 3 == 0 ? 3 : worldSize % 2 == 0 ? 2 : 1;
    List<Placement> placements = new ArrayList<>();
    for (int meshDimension = 0; meshDimension < 2; meshDimension++) {
      int dimension = random.nextInt(lengths.length);
      placements.add(
          switch (random.nextInt(4)) {
            case 0 -> Placement.replicate();
            case 1 -> Placement.stridedShard(dimension, 1 + random.nextInt(3));
            default -> Placement.shard(dimension);
          });
    }
    return Layout.placements(Mesh.of(worldSize / inner, inner), placements);
  }

  /** Slices along one dimension, some of them empty, some of them twice. */
  private static Layout boxes(Shape shape, int worldSize, Random random) {
    int dimension = random.nextInt(shape.dimensions());
    int slices = 1 + random.nextInt(worldSize);
    long[] ends = new long[slices];
    Arrays.setAll(ends, any -> random.nextInt((int) shape.dimension(dimension) + 1));
    ends[slices - 1] = shape.dimension(dimension);
    Arrays.sort(ends);
    List<Box> boxes = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      int slice = rank < slices ? rank : random.nextInt(slices);
      long begin = slice == 0 ? 0 : ends[slice - 1];
      boxes.add(Box.slice(shape, dimension, begin, ends[slice] - begin));
    }
    return Layout.boxes(boxes);
  }

  @Property(tries = 120)
  void filesAreThoseOfTheWholeModelAndRestoreAnywhere(@ForAll Random random) throws Exception {
    long seed = random.nextLong();
    int worldSize = 1 + random.nextInt(6);
    ReferenceModel model = model(seed, worldSize, random);
    boolean isTwoHosts = random.nextBoolean();
    boolean isInBackground = random.nextBoolean();
    Optional<DType> dtype = random.nextBoolean() ? Optional.of(DType.BF16) : Optional.empty();
    SaveOptions.Builder builder =
        SaveOptions.builder()
            .mode(random.nextBoolean() ? SaveMode.PARALLEL : SaveMode.GATHER)
            .durability(Durability.FAST)
            .form(FormOptions.asPublished().withUnchecked(true)) // integers too
            .maxShardBytes(MAX_SHARD_BYTES)
            .snapshotBudgetBytes(random.nextInt(3) == 0 ? random.nextInt(9000) : 1 << 20)
            .stagingBuffers(1 + random.nextInt(3))
            .stagingBufferBytes(4096 << random.nextInt(3));
    SaveOptions options =
        dtype.isPresent() ? builder.dtype(dtype.get()).build() : builder.keepDtypes().build();
    Path directory = Files.createTempDirectory("cairn-mesh");
    try {
      Group.values(
          worldSize,
          communicator -> {
            int rank = communicator.rank();
            ParameterSet own = model.on(rank, worldSize);
            Machine machine =
                isTwoHosts && rank == 0 ? OtherProcess.onAnotherHost() : Machine.local();
            try (Checkpointer checkpointer =
                Checkpointers.open(
                    communicator,
                    options,
                    Optional.of(RunOptions.in(directory)),
                    Disk.local(),
                    machine)) {
              if (!isInBackground) {
                return checkpointer.save(1, own, ModelFiles.none(), NO_STATE);
              }
              try (PendingSave save = checkpointer.saveAsync(1, own, ModelFiles.none(), NO_STATE)) {
                ReferenceModel.overwrite(own);
                return save.await();
              }
            }
          });
      assertSaved(directory.resolve("step_1"), model.expectedFiles(dtype, MAX_SHARD_BYTES));
      if (dtype.isEmpty()) {
        int others = 1 + random.nextInt(6);
        assertRestores(directory, options, model(seed, others, random), others);
      }
    } finally {
      delete(directory);
    }
  }

  private static void assertSaved(Path folder, Map<String, byte[]> files) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] written = Files.readAllBytes(folder.resolve(file.getKey()));
      assertArrayEquals(file.getValue(), written, file.getKey());
    }
  }

  private static void assertRestores(
      Path directory, SaveOptions options, ReferenceModel expected, int worldSize)
      throws Exception {
    Group.values(
        worldSize,
        communicator -> {
          ParameterSet held = expected.poisonedOn(communicator.rank(), worldSize);
          try (Checkpointer checkpointer =
              Checkpointer.open(communicator, options, RunOptions.in(directory))) {
            checkpointer.latest().orElseThrow().restore(held);
          }
          expected.assertHolds(held, communicator.rank(), worldSize);
          return null;
        });
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
