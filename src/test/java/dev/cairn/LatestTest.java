package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.LogLines;
import dev.cairn.support.RedirectedDisk;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the search for the newest checkpoint, and its restore, say when something is wrong. */
@Timeout(60)
class LatestTest {
  private static final ReferenceModel MODEL =
      new ReferenceModel(7).add("weight", DType.F32, Layout.zero3(), 5);

  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  private static SaveOptions options() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .stagingBuffers(1)
        .stagingBufferBytes(4096)
        .build();
  }

  private void save(long step) throws IOException {
    save(step, MODEL);
  }

  private void save(long step, ReferenceModel model) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      checkpointer.save(step, model.on(0, 1), ModelFiles.none(), TrainerState.builder().build());
    }
  }

  @Test
  void checkpointOfASingleFileIsFoundWhateverTheFileIsCalled() throws Exception {
    ParameterSet own = MODEL.on(0, 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      SingleFile.save(
          checkpointer,
          1,
          () -> new SingleFile("one", own, ModelFiles.none(), Optional.empty()),
          TrainerState.builder().build());
      Checkpoint found = checkpointer.latest().orElseThrow();
      ParameterSet restored = MODEL.poisonedOn(0, 1);
      found.restore(restored);
      MODEL.assertHolds(restored, 0, 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void checkpointThatCannotBeReadIsPassedOverForTheOneBefore(RunOptions.Verification verification)
      throws Exception {
    save(1);
    save(2);
    Path newest = run().directory().resolve("step_2");
    Files.delete(newest.resolve("cairn.json"));
    Files.createDirectory(newest.resolve("cairn.json"));
    try (LogLines logged = LogLines.of(LatestCheckpoint.class.getName())) {
      Group.values(
          2,
          communicator -> {
            try (Checkpointer checkpointer =
                Checkpointer.open(communicator, options(), run().withVerification(verification))) {
              assertEquals(1, checkpointer.latest().orElseThrow().step());
            }
            return null;
          });
      assertEquals(1, logged.all().size());
      String line = logged.all().get(0);
      assertTrue(line.startsWith("checkpoint passed over: folder=" + newest + ", "), line);
      assertTrue(line.contains("not a file but a folder"), line);
    }
  }

  /** The trainer would go on from a step that it never reached. */
  @Test
  void checkpointUnderTheNameOfAnotherStepIsPassedOver() throws Exception {
    save(1);
    save(2);
    Path renamed = run().directory().resolve("step_30");
    Files.move(run().directory().resolve("step_1"), renamed);
    try (LogLines logged = LogLines.of(LatestCheckpoint.class.getName());
        Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      assertEquals(2, checkpointer.latest().orElseThrow().step());
      assertEquals(
          List.of(
              "checkpoint passed over: folder=%s, step in cairn.json differs: step=1, expected 30"
                  .formatted(renamed)),
          logged.all());
    }
  }

  @Test
  void failedRestoreIsCalledSoOnTheOtherRanks() throws Exception {
    save(1);
    List<Group.Result<Void>> results =
        Group.run(
            2,
            communicator -> {
              int rank = communicator.rank();
              ParameterSet own =
                  rank == 0
                      ? MODEL.poisonedOn(0, 2)
                      : new ReferenceModel(1).add("other", DType.F32, Layout.zero3(), 4).on(1, 2);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
                checkpointer.latest().orElseThrow().restore(own);
              }
              return null;
            });
    assertEquals(
        "restore failed on rank 1 of 2: tensor is not in the checkpoint: tensor=other;"
            + " partitions are undefined",
        assertInstanceOf(CheckpointException.class, results.get(0).failure()).getMessage());
    assertInstanceOf(IllegalArgumentException.class, results.get(1).failure());
  }

  @Test
  void failureThatIsNobodysLossLeavesTheGroupUsable() throws Exception {
    save(1);
    Group.values(
        2,
        communicator -> {
          ParameterSet other =
              new ReferenceModel(1)
                  .add("other", DType.F32, Layout.zero3(), 4)
                  .on(communicator.rank(), 2);
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
            Checkpoint latest = checkpointer.latest().orElseThrow();
            assertThrows(IllegalArgumentException.class, () -> latest.restore(other));
            assertEquals(Optional.empty(), checkpointer.unusable());
          }
          return null;
        });
  }

  /**
   * Restores on three ranks, of which the second finds the run elsewhere; returns what each says.
   */
  private List<String> failuresOfThree(Path secondsRun) throws Exception {
    Disk seconds = RedirectedDisk.local(run().directory(), secondsRun);
    List<Group.Result<Void>> results =
        Group.run(
            3,
            communicator -> {
              int rank = communicator.rank();
              Disk disk = rank == 1 ? seconds : Disk.local();
              try (Checkpointer checkpointer =
                  Checkpointer.open(
                      communicator, options(), Optional.of(run()), disk, Machine.local())) {
                checkpointer.latest().orElseThrow().restore(MODEL.poisonedOn(rank, 3));
              }
              return null;
            });
    return results.stream()
        .map(result -> assertInstanceOf(CheckpointException.class, result.failure()).getMessage())
        .toList();
  }

  @Test
  void restoreIsRefusedIfAHostHasAnotherCheckpointOfThatName() throws Exception {
    save(1);
    Path here = run().directory();
    Path there = temporary.resolve("other");
    Files.move(here, there);
    save(1, new ReferenceModel(8).add("weight", DType.F32, Layout.zero3(), 5));
    for (String message : failuresOfThree(there)) {
      assertTrue(
          message.matches(
              "restore failed: ranks see different checkpoints: folder=\\Q"
                  + here.resolve("step_1")
                  + "\\E, manifest crc32c=[0-9a-f]{8} on ranks 0 and 2, [0-9a-f]{8} on rank 1;"
                  + " give all of them the same folder or the same copy; partitions are undefined"),
          message);
    }
  }

  @Test
  void restoreSaysWhichHostsLackTheCheckpoint() throws Exception {
    save(1);
    Path here = run().directory();
    Path nowhere = temporary.resolve("another-hosts");
    for (String message : failuresOfThree(nowhere)) {
      String start =
          "restore failed: checkpoint is not on every host: folder=%s, missing on "
              .formatted(here.resolve("step_1"));
      assertTrue(message.startsWith(start), message);
      assertTrue(message.contains(" (rank 1); keep the run's directory on "), message);
    }
  }

  @Test
  void failedSearchIsCalledSo() throws Exception {
    List<Group.Result<Void>> results =
        Group.run(
            2,
            communicator -> {
              if (communicator.rank() == 1) {
                communicator.close();
                return null;
              }
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
                CheckpointException failure =
                    assertThrows(CheckpointException.class, checkpointer::latest);
                assertEquals(failure.reason(), checkpointer.unusable().orElseThrow().getMessage());
                throw failure;
              }
            });
    CheckpointException e = assertInstanceOf(CheckpointException.class, results.get(0).failure());
    assertEquals(
        "search for the latest checkpoint failed on rank 1 of 2: "
            + e.reason()
            + "; nothing was changed",
        e.getMessage());
  }

  @Test
  void ranksThatDisagreeWhoSeesTheDirectoryAreTold() throws Exception {
    save(1);
    List<Group.Result<Long>> results =
        Group.run(
            2,
            communicator -> {
              RunOptions own = run().withShared(communicator.rank() == 0);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), own)) {
                return checkpointer.latest().orElseThrow().step();
              }
            });
    for (Group.Result<Long> result : results) {
      assertEquals(
          "search for the latest checkpoint failed on rank 1 of 2: ranks disagree whether every"
              + " host sees the run's directory: true on rank 0, false on rank 1; nothing was"
              + " changed",
          assertInstanceOf(CheckpointException.class, result.failure()).getMessage());
    }
  }
}
