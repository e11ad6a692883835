package dev.cairn;

import static dev.cairn.AsyncSaves.NO_STATE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.example.TensorParallel;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Box;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.options.SaveWork;
import dev.cairn.safetensors.Manifest;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import dev.cairn.support.Group;
import dev.cairn.support.OtherProcess;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parameters sliced by tensor parallelism and others: saved, in the background too, restored. */
@Tag("stress")
@Timeout(60)
class MeshSaveTest {
  private static final long MAX_SHARD_BYTES = 100_000;

  @TempDir Path temporary;

  /** How each kind of parameter lies on a mesh. */
  private record Spread(String name, int ranks, Layout columns, Layout rows, Layout norm) {
    static Spread placements(
        String name, Mesh mesh, List<Placement> columns, List<Placement> rows) {
      List<Placement> norm = new ArrayList<>();
      columns.forEach(any -> norm.add(Placement.replicate()));
      norm.set(0, rows.get(0).equals(REPLICATE) ? REPLICATE : SHARD_0); // FSDP's mesh dimension
      return new Spread(
          name,
          mesh.ranks(),
          Layout.placements(mesh, columns),
          Layout.placements(mesh, rows),
          Layout.placements(mesh, norm));
    }

    /** Slices along dimension 1, one of them twice, and one rank without any. */
    static Spread boxes() {
      Layout whole = Layout.replicated();
      return new Spread("boxes", 4, whole, null, whole);
    }

    ReferenceModel model() {
      return new ReferenceModel(27)
          .add("embed.weight", DType.F32, columns, 37, 11)
          .add("q_proj.weight", DType.BF16, columns, 30, 13)
          .add("o_proj.weight", DType.F32, rowsOf(150, 501), 150, 501)
          .add("down_proj.weight", DType.BF16, rowsOf(7, 10), 7, 10)
          .add("experts.down_proj", DType.F32, rowsOf(5, 14, 9), 5, 14, 9)
          .add("conv.weight", DType.F16, rowsOf(4, 6, 3, 3), 4, 6, 3, 3)
          .add("norm.weight", DType.BF16, norm, 13);
    }

    private Layout rowsOf(long... shape) {
      if (rows != null) {
        return rows;
      }
      Shape whole = Shape.of(shape);
      return Layout.boxes(
          List.of(
              Box.slice(whole, 1, 0, 4),
              Box.slice(whole, 0, 0, 0),
              Box.slice(whole, 1, 4, shape[1] - 4),
              Box.slice(whole, 1, 0, 4)));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static final Placement REPLICATE = Placement.replicate();
  private static final Placement SHARD_0 = Placement.shard(0);
  private static final Placement SHARD_1 = Placement.shard(1);

  private static final List<Spread> SPREADS =
      List.of(
          Spread.placements(
              "TP 2", Mesh.of(1, 2), List.of(SHARD_0, SHARD_0), List.of(SHARD_0, SHARD_1)),
          Spread.placements(
              "TP 4, uneven", Mesh.of(1, 4), List.of(SHARD_0, SHARD_0), List.of(SHARD_0, SHARD_1)),
          new Spread(
              "FSDP 2 over TP 2, as the page for trainers has it",
              4,
              TensorParallel.layout("q_proj.weight"),
              TensorParallel.layout("o_proj.weight"),
              TensorParallel.layout("norm.weight")),
          Spread.placements(
              "replicas of TP 2",
              Mesh.of(2, 2),
              List.of(REPLICATE, SHARD_0),
              List.of(REPLICATE, SHARD_1)),
          Spread.placements(
              "FSDP 2 along dimension 1 over TP 2",
              Mesh.of(2, 2),
              List.of(SHARD_1, SHARD_0),
              List.of(Placement.stridedShard(1, 2), SHARD_1)),
          Spread.placements(
              "strided alone", Mesh.of(3), List.of(SHARD_0), List.of(Placement.stridedShard(1, 2))),
          Spread.boxes());

  /** How rows come together whose parts several ranks hold. */
  private enum Way {
    /** Rank 0 gets all. */
    GATHER,
    /** Who writes a row reads the others' memory. */
    PARALLEL,
    /** Ranks of two hosts send each other their parts. */
    PARALLEL_ON_TWO_HOSTS;

    SaveMode mode() {
      return this == GATHER ? SaveMode.GATHER : SaveMode.PARALLEL;
    }

    Machine machine(int rank) {
      boolean isElsewhere = this == PARALLEL_ON_TWO_HOSTS && rank == 0;
      return isElsewhere ? OtherProcess.onAnotherHost() : Machine.local();
    }
  }

  private static Stream<Arguments> saves() {
    return SPREADS.stream()
        .flatMap(
            spread ->
                Stream.of(Way.values())
                    .flatMap(
                        way ->
                            Stream.of(4096, 128 << 10)
                                .map(bytes -> Arguments.of(spread, way, bytes))));
  }

  private static Checkpointer open(
      Communicator communicator, SaveOptions options, Optional<RunOptions> run, Way way) {
    return Checkpointers.open(
        communicator, options, run, Disk.local(), way.machine(communicator.rank()));
  }

  private static SaveOptions.Builder options(SaveMode mode, int bufferBytes) {
    return SaveOptions.builder()
        .mode(mode)
        .durability(Durability.FAST)
        .maxShardBytes(MAX_SHARD_BYTES)
        .stagingBuffers(3)
        .stagingBufferBytes(bufferBytes);
  }

  /** The files of a ZeRO-3 save, which are those of the whole model. */
  private void assertSaved(Path folder, ReferenceModel model, Optional<DType> dtype)
      throws IOException {
    for (Map.Entry<String, byte[]> file : model.expectedFiles(dtype, MAX_SHARD_BYTES).entrySet()) {
      assertArrayEquals(
          file.getValue(), Files.readAllBytes(folder.resolve(file.getKey())), file.getKey());
    }
    Manifest manifest =
        Manifest.parse(Files.readAllBytes(folder.resolve(Manifest.FILE_NAME)), "cairn.json");
    for (Manifest.FileRecord file : manifest.files()) {
      CRC32C crc = new CRC32C();
      crc.update(Files.readAllBytes(folder.resolve(file.name())));
      assertEquals((int) crc.getValue(), file.crc32c(), file.name());
    }
  }

  @ParameterizedTest
  @MethodSource("saves")
  void filesAreThoseOfAnyOtherSaveOfTheModel(Spread spread, Way way, int bufferBytes)
      throws Exception {
    ReferenceModel model = spread.model();
    Path folder = temporary.resolve("model");
    SaveOptions options = options(way.mode(), bufferBytes).dtype(DType.BF16).build();
    List<SaveReport> reports =
        Group.values(
            spread.ranks(),
            communicator -> {
              try (Checkpointer checkpointer = open(communicator, options, Optional.empty(), way)) {
                ParameterSet own = model.on(communicator.rank(), spread.ranks());
                return checkpointer.save(folder, own, ModelFiles.none());
              }
            });
    assertSaved(folder, model, Optional.of(DType.BF16));
    boolean isSent = reports.stream().anyMatch(report -> report.work().containsKey(SaveWork.SEND));
    assertEquals(way != Way.PARALLEL, isSent);
  }

  @ParameterizedTest
  @MethodSource("saves")
  void trainerGoesOnDuringTheSaveAndRestoresOnAnyMesh(Spread spread, Way way, int bufferBytes)
      throws Exception {
    ReferenceModel model = spread.model();
    Path directory = temporary.resolve("run");
    SaveOptions options = options(way.mode(), bufferBytes).keepDtypes().build();
    Group.values(
        spread.ranks(),
        communicator -> {
          ParameterSet own = model.on(communicator.rank(), spread.ranks());
          try (Checkpointer checkpointer =
                  open(communicator, options, Optional.of(RunOptions.in(directory)), way);
              PendingSave save = checkpointer.saveAsync(5, own, ModelFiles.none(), NO_STATE)) {
            ReferenceModel.overwrite(own);
            return save.await();
          }
        });
    assertSaved(directory.resolve("step_5"), model, Optional.empty());
    Spread alone = Spread.placements("1", Mesh.of(1), List.of(SHARD_0), List.of(SHARD_1));
    for (Spread other : List.of(alone, SPREADS.get(1), SPREADS.get(2), SPREADS.get(5))) {
      Group.values(
          other.ranks(),
          communicator -> {
            ReferenceModel expected = other.model();
            ParameterSet empty = expected.poisonedOn(communicator.rank(), other.ranks());
            try (Checkpointer checkpointer =
                Checkpointer.open(communicator, options, RunOptions.in(directory))) {
              checkpointer.latest().orElseThrow().restore(empty);
            }
            expected.assertHolds(empty, communicator.rank(), other.ranks());
            return null;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void diskThatFailsOneRankFailsAllAndLeavesNothing(int failing) throws Exception {
    Spread spread = SPREADS.get(1);
    Path folder = temporary.resolve("model");
    SaveOptions options = options(SaveMode.PARALLEL, 4096).dtype(DType.BF16).build();
    List<Group.Result<SaveReport>> results =
        Group.run(
            spread.ranks(),
            communicator -> {
              int rank = communicator.rank();
              Disk disk =
                  rank == failing
                      ? FaultyDisk.failing(Call.WRITE, 12, true, "No space left on device")
                      : Disk.local();
              try (Checkpointer checkpointer =
                  Checkpointers.open(
                      communicator, options, Optional.empty(), disk, Machine.local())) {
                ParameterSet own = spread.model().on(rank, spread.ranks());
                return checkpointer.save(folder, own, ModelFiles.none());
              }
            });
    for (Group.Result<SaveReport> result : results) {
      String message = result.failure().getMessage();
      assertTrue(message.startsWith("save failed on rank " + failing + " of 4: "), message);
      assertTrue(message.contains("No space left on device"), message);
    }
    assertEquals(List.of(), SmallSaves.names(temporary));
  }
}
