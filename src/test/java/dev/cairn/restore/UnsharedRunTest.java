package dev.cairn.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.Group;
import dev.cairn.support.RedirectedDisk;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run whose directory rank 0's host alone has. */
@Timeout(60)
class UnsharedRunTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run")).withShared(false);
  }

  private static SaveOptions options(int stagingBuffers) {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .keepDtypes()
        .stagingBuffers(stagingBuffers)
        .stagingBufferBytes(4096)
        .build();
  }

  private Disk disk(int rank) {
    return rank == 0
        ? Disk.local()
        : RedirectedDisk.local(run().directory(), temporary.resolve("nothing-on-host-" + rank));
  }

  private Checkpointer open(Communicator communicator, int stagingBuffers, Disk disk) {
    return Checkpointers.open(
        communicator, options(stagingBuffers), Optional.of(run()), disk, Machine.local());
  }

  private static ReferenceModel masters(int worldSize) {
    return new ReferenceModel(3)
        .add("embed.weight", DType.F32, Layout.zero3(), 37, 11)
        .add("columns", DType.F32, columns(60, 40, worldSize), 60, 40);
  }

  /** Every rank holds a slice of each row: many short runs. */
  private static Layout columns(int rows, int columns, int worldSize) {
    List<List<ElementRange>> byRank = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      List<ElementRange> own = new ArrayList<>();
      for (long row = 0; row < rows; row++) {
        long begin = row * columns + (long) columns * rank / worldSize;
        long end = row * columns + (long) columns * (rank + 1) / worldSize;
        own.add(new ElementRange(begin, end));
      }
      byRank.add(own);
    }
    return Layout.ranges(byRank);
  }

  private static TrainerState state(ParameterSet masters, int rank) {
    return TrainerState.builder()
        .tensors(masters)
        .value("step", 12L)
        .rankBytes("rng", new byte[] {(byte) rank, 7})
        .build();
  }

  private void save(int worldSize) throws Exception {
    Group.values(
        worldSize,
        communicator -> {
          int rank = communicator.rank();
          try (Checkpointer checkpointer = open(communicator, 2, disk(rank))) {
            var model = ReferenceModel.various(worldSize).on(rank, worldSize);
            TrainerState state = state(masters(worldSize).on(rank, worldSize), rank);
            var report = checkpointer.save(12, model, ModelFiles.none(), state);
            assertEquals(worldSize == 1 ? SaveMode.PARALLEL : SaveMode.GATHER, report.mode());
          }
          return null;
        });
  }

  private static void assertRestores(Checkpoint latest, int rank, int worldSize)
      throws IOException {
    ParameterSet model = ReferenceModel.various(worldSize).poisonedOn(rank, worldSize);
    ParameterSet masters = masters(worldSize).poisonedOn(rank, worldSize);
    latest.restore(model, TrainerState.builder().tensors(masters).build());
    ReferenceModel.various(worldSize).assertHolds(model, rank, worldSize);
    masters(worldSize).assertHolds(masters, rank, worldSize);
  }

  @ParameterizedTest
  @CsvSource({"1,3,1", "2,2,1", "2,3,3", "3,1,2", "3,5,2"})
  void everyRankGetsItsPiecesFromRankZero(int writers, int readers, int stagingBuffers)
      throws Exception {
    save(writers);
    Group.values(
        readers,
        communicator -> {
          int rank = communicator.rank();
          try (Checkpointer checkpointer = open(communicator, stagingBuffers, disk(rank))) {
            Checkpoint latest = checkpointer.latest().orElseThrow();
            assertEquals(12, latest.step());
            assertEquals(Optional.of(12L), latest.longValue("step"));
            assertEquals(writers, latest.rankBytes("rng").size());
            assertArrayEquals(
                new byte[] {(byte) (writers - 1), 7}, latest.rankBytes("rng").get(writers - 1));
            assertRestores(latest, rank, readers);
          }
          return null;
        });
  }

  @Test
  void elementsAreCastToWhatARankHolds() throws Exception {
    ReferenceModel saved = new ReferenceModel(5).add("w", DType.BF16, columns(50, 40, 2), 50, 40);
    Group.values(
        2,
        communicator -> {
          int rank = communicator.rank();
          try (Checkpointer checkpointer = open(communicator, 2, disk(rank))) {
            checkpointer.save(
                1, saved.on(rank, 2), ModelFiles.none(), TrainerState.builder().build());
            ParameterSet told =
                new ReferenceModel(6).add("w", DType.F32, columns(50, 40, 2), 50, 40).on(rank, 2);
            ParameterSet seen =
                new ReferenceModel(6).add("w", DType.F32, columns(50, 40, 2), 50, 40).on(rank, 2);
            checkpointer.latest().orElseThrow().restore(told);
            try (Checkpointer shared =
                Checkpointer.open(communicator, options(2), run().withShared(true))) {
              shared.latest().orElseThrow().restore(seen);
            }
            int lengthBytes = Math.toIntExact(seen.parameters().get(0).partition().lengthBytes());
            assertEquals(
                seen.parameters().get(0).partition().view(0, lengthBytes),
                told.parameters().get(0).partition().view(0, lengthBytes));
          }
          return null;
        });
  }

  @Test
  void runThatHasNotBegunHasNoLatest() throws Exception {
    Group.values(
        2,
        communicator -> {
          try (Checkpointer checkpointer = open(communicator, 1, disk(communicator.rank()))) {
            assertTrue(checkpointer.latest().isEmpty());
          }
          return null;
        });
  }

  @Test
  void mistakeOfOneRanksCallerIsToldToAllAndTheNextRestoreWorks() throws Exception {
    save(2);
    Group.values(
        3,
        communicator -> {
          int rank = communicator.rank();
          try (Checkpointer checkpointer = open(communicator, 2, disk(rank))) {
            Checkpoint latest = checkpointer.latest().orElseThrow();
            ParameterSet own =
                rank == 1
                    ? new ReferenceModel(1).add("other", DType.F32, Layout.zero3(), 4).on(1, 3)
                    : ReferenceModel.various(3).poisonedOn(rank, 3);
            String message = failure(() -> latest.restore(own)).getMessage();
            String mistake = "tensor is not in the checkpoint: tensor=other";
            String told = "restore failed on rank 1 of 3: %s; partitions are undefined";
            assertEquals(rank == 1 ? mistake : told.formatted(mistake), message);
            assertRestores(latest, rank, 3);
          }
          return null;
        });
  }

  private interface Restoring {
    void run() throws IOException;
  }

  private static Exception failure(Restoring restoring) {
    try {
      restoring.run();
    } catch (IOException | RuntimeException e) {
      return e;
    }
    throw new AssertionError("it did not fail");
  }

  /** With one staging buffer each a rank that gets no answer can do nothing but wait. */
  @ParameterizedTest
  @CsvSource({"1,9", "1,12", "2,9", "2,12", "2,20"})
  void readThatFailsOnRankZeroIsToldToAll(int stagingBuffers, int nthRead) throws Exception {
    save(2);
    RunOptions sizes = run().withVerification(RunOptions.Verification.SIZES);
    List<Group.Result<Void>> results =
        Group.run(
            3,
            communicator -> {
              int rank = communicator.rank();
              Disk disk =
                  rank == 0
                      ? FaultyDisk.failing(FaultyDisk.Call.READ, nthRead, true, "I/O error")
                      : disk(rank);
              try (Checkpointer checkpointer =
                  Checkpointers.open(
                      communicator,
                      options(stagingBuffers),
                      Optional.of(sizes),
                      disk,
                      Machine.local())) {
                assertRestores(checkpointer.latest().orElseThrow(), rank, 3);
              }
              return null;
            });
    for (Group.Result<Void> result : results) {
      String message = assertInstanceOf(CheckpointException.class, result.failure()).getMessage();
      assertTrue(message.startsWith("restore failed on rank 0 of 3: I/O error: "), message);
    }
  }
}
