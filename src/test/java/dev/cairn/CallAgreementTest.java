package dev.cairn;

import static dev.cairn.StepRun.ELEMENTS;
import static dev.cairn.StepRun.NO_STATE;
import static dev.cairn.StepRun.checkpoints;
import static dev.cairn.StepRun.model;
import static dev.cairn.StepRun.outcome;
import static dev.cairn.StepRun.save;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever calls ranks make, a checkpoint is one step of all of them. */
@Timeout(20)
class CallAgreementTest {
  @TempDir Path temporary;

  private Path run() {
    return temporary.resolve("run");
  }

  private Checkpointer open(Communicator communicator) {
    SaveOptions options =
        SaveOptions.builder().durability(Durability.FAST).keepDtypes().stagingBuffers(1).build();
    return Checkpointer.open(
        communicator, options, Optional.of(RunOptions.in(run())), Disk.local(), Machine.local());
  }

  private void assertAllSay(String expected, List<Group.Result<List<String>>> results, int call) {
    for (Group.Result<List<String>> result : results) {
      assertNull(result.failure());
      assertTrue(result.value().get(call).contains(expected), result.value().get(call));
    }
  }

  @Test
  void ranksThatSaveDifferentStepsCommitNothingAndSaveTheNextOne() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              try (Checkpointer checkpointer = open(ranks)) {
                return List.of(
                    outcome(() -> save(checkpointer, ranks, ranks.rank() == 0 ? 100 : 200)),
                    outcome(() -> save(checkpointer, ranks, 300)));
              }
            });
    assertAllSay(
        "ranks are in different calls: rank 0 in save(step=100), rank 1 in save(step=200)",
        results,
        0);
    assertAllSay("fine", results, 1);
    assertEquals(List.of("step_300"), checkpoints(run()));
  }

  @Test
  void ranksThatSaveDifferentFoldersCommitNothing() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              Path target = run().resolve(ranks.rank() == 0 ? "one" : "two");
              try (Checkpointer checkpointer = open(ranks)) {
                return List.of(
                    outcome(() -> checkpointer.save(target, model(ranks, 1), ModelFiles.none())),
                    outcome(() -> save(checkpointer, ranks, 300)));
              }
            });
    assertAllSay(
        "ranks are in different calls: rank 0 in save(one), rank 1 in save(two)", results, 0);
    assertEquals(List.of("step_300"), checkpoints(run()));
    assertTrue(Files.notExists(run().resolve("one")));
  }

  @Test
  void ranksInDifferentKindsOfCallsAreToldAndStayInStep() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            3,
            ranks -> {
              try (Checkpointer checkpointer = open(ranks)) {
                save(checkpointer, ranks, 1);
                Checkpoint first = checkpointer.latest().orElseThrow();
                return List.of(
                    outcome(
                        () -> {
                          switch (ranks.rank()) {
                            case 0 -> checkpointer.latest();
                            case 1 -> save(checkpointer, ranks, 2);
                            default -> first.restore(model(ranks, 0));
                          }
                        }),
                    outcome(() -> save(checkpointer, ranks, 3)));
              }
            });
    assertAllSay(
        "ranks are in different calls: rank 0 in latest, rank 1 in save(step=2), rank 2 in"
            + " restore(step_1)",
        results,
        0);
    assertAllSay("fine", results, 1);
    assertEquals(List.of("step_1", "step_3"), checkpoints(run()));
  }

  @Test
  void failureInTheBackgroundIsToldToAllRanksOrToNone() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              List<String> outcomes = new ArrayList<>();
              try (Checkpointer checkpointer = open(ranks)) {
                int lengthBytes = ranks.rank() == 1 ? Long.BYTES : ELEMENTS / 2 * Long.BYTES;
                PendingSave first = checkpointer.saveAsync(1, model(1, lengthBytes), NO_STATE);
                if (ranks.rank() == 0) {
                  outcome(first::await);
                }
                for (long step = 2; step <= 4; step++) {
                  long current = step;
                  outcomes.add(
                      outcome(
                          () -> checkpointer.saveAsync(current, model(ranks, current), NO_STATE)));
                }
              }
              return outcomes;
            });
    assertAllSay("partition", results, 0);
    assertAllSay("fine", results, 1);
    assertAllSay("fine", results, 2);
    assertEquals(List.of("step_3", "step_4"), checkpoints(run()));
  }

  @Test
  void saveLastSavesOnEveryRankHoweverTheOneInTheBackgroundFailed() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              try (Checkpointer checkpointer = open(ranks)) {
                int lengthBytes = ranks.rank() == 1 ? Long.BYTES : ELEMENTS / 2 * Long.BYTES;
                checkpointer.saveAsync(7, model(7, lengthBytes), NO_STATE);
                return List.of(
                    outcome(
                        () ->
                            checkpointer.saveLast(
                                7, model(ranks, 7), ModelFiles.none(), NO_STATE)));
              }
            });
    assertAllSay("fine", results, 0);
    assertEquals(List.of("step_7"), checkpoints(run()));
  }

  @Test
  void snapshotThatIsReservedTellsNoRankOfAFailure() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              try (Checkpointer checkpointer = open(ranks)) {
                int lengthBytes = ranks.rank() == 1 ? Long.BYTES : ELEMENTS / 2 * Long.BYTES;
                checkpointer.saveAsync(1, model(1, lengthBytes), NO_STATE);
                if (ranks.rank() == 1) {
                  checkpointer.reserveSnapshot(model(ranks, 1), NO_STATE);
                }
                return List.of(
                    outcome(() -> save(checkpointer, ranks, 2)),
                    outcome(() -> save(checkpointer, ranks, 3)));
              }
            });
    assertAllSay("partition", results, 0);
    assertAllSay("fine", results, 1);
  }

  @Test
  void closeThatFailsOnOneRankFailsTheSaveOnAll() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            3,
            ranks -> {
              Disk disk =
                  ranks.rank() == 1
                      ? FaultyDisk.failing(
                          FaultyDisk.Call.CLOSE, 0, true, "No space left on device")
                      : Disk.local();
              SaveOptions options =
                  SaveOptions.builder()
                      .mode(SaveMode.PARALLEL)
                      .durability(Durability.FAST)
                      .stagingBuffers(1)
                      .build();
              try (Checkpointer checkpointer =
                  Checkpointer.open(
                      ranks, options, Optional.of(RunOptions.in(run())), disk, Machine.local())) {
                return checkpointer.save(
                    5, ReferenceModel.various(3).on(ranks.rank(), 3), ModelFiles.none(), NO_STATE);
              }
            });
    for (Group.Result<SaveReport> result : results) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertEquals(1, e.rank());
      assertTrue(e.getMessage().contains("No space left on device"), e.getMessage());
      assertEquals(Optional.of("model.safetensors"), e.shard());
      assertEquals(OptionalLong.of(0), e.fileOffset());
    }
    assertEquals(List.of(), new RunDirectory(run()).committed());
  }

  @Test
  void ranksOfTwoRunsThatHaveMetSaveNothing() throws Exception {
    List<String> outcomes =
        Group.values(
            2,
            communicator -> {
              Path own = temporary.resolve(communicator.rank() == 0 ? "a" : "b");
              SaveOptions options =
                  SaveOptions.builder().durability(Durability.FAST).keepDtypes().build();
              try (Checkpointer checkpointer =
                  Checkpointer.open(communicator, options, RunOptions.in(own))) {
                return outcome(
                    () ->
                        checkpointer.save(1, model(communicator, 1), ModelFiles.none(), NO_STATE));
              }
            });
    String expected =
        "save failed on rank 1 of 2: ranks save in different runs: a on rank 0, b on rank 1; nothing"
            + " committed";
    assertEquals(List.of(expected, expected), outcomes);
    assertTrue(Files.notExists(temporary.resolve("a/step_1")));
    assertTrue(Files.notExists(temporary.resolve("b/step_1")));
  }

  @Test
  void failureThatAllHaveAwaitedIsNotThrownAgainThoughTheirCallsDiffered() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              try (Checkpointer checkpointer = open(ranks)) {
                long step = 1L + ranks.rank();
                PendingSave pending = checkpointer.saveAsync(step, model(ranks, step), NO_STATE);
                return List.of(
                    outcome(pending::await), outcome(() -> save(checkpointer, ranks, 3)));
              }
            });
    assertAllSay("ranks are in different calls", results, 0);
    assertAllSay("fine", results, 1);
    assertEquals(List.of("step_3"), checkpoints(run()));
  }

  @Test
  void bytesThatAreTooManyOnOneRankFailTheSaveOnAllAndTheNextOneIsFine() throws Exception {
    List<Group.Result<List<String>>> results =
        Group.run(
            2,
            ranks -> {
              TrainerState state =
                  ranks.rank() == 0
                      ? NO_STATE
                      : TrainerState.builder().rankBytes("rng", new byte[50 << 20]).build();
              try (Checkpointer checkpointer = open(ranks)) {
                return List.of(
                    outcome(() -> checkpointer.save(1, model(ranks, 1), ModelFiles.none(), state)),
                    outcome(() -> save(checkpointer, ranks, 2)));
              }
            });
    assertAllSay("rank's own bytes are too many: rng=52428800", results, 0);
    assertAllSay("fine", results, 1);
    assertEquals(List.of("step_2"), checkpoints(run()));
  }
}
