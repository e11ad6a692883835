package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveMode;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Processes that are told to end while they train, or end by themselves while they save. */
@Tag("processes")
@Timeout(90)
class PreemptionTest {
  private static final int WORLD_SIZE = 3;

  @TempDir Path temporary;

  private List<SaveLoopProcess> start(String how) throws IOException {
    return start(how, Map.of());
  }

  private List<SaveLoopProcess> start(String how, Map<String, String> variables)
      throws IOException {
    List<SaveLoopProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < WORLD_SIZE; rank++) {
      List<String> arguments = List.of(temporary.resolve("run").toString(), how);
      ranks.add(new SaveLoopProcess(TrainingRank.class, rank, WORLD_SIZE, arguments, variables));
    }
    Path rendezvous = Files.createDirectory(temporary.resolve("meet"));
    for (SaveLoopProcess rank : ranks) {
      rank.join(rendezvous);
    }
    return ranks;
  }

  @ParameterizedTest
  @CsvSource({"TERM,1", "USR1,0", "TERM,-1"}) // -1: every rank, as Slurm and Kubernetes do
  void signalOnAnyRankStopsAllOfThemAtOneStepThatIsSaved(String signal, int signalled)
      throws Exception {
    List<SaveLoopProcess> ranks = start("stop");
    Set<String> last = new HashSet<>();
    try {
      for (SaveLoopProcess rank : ranks) {
        rank.await("training", 60_000);
      }
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        if (signalled < 0 || rank == signalled) {
          ranks.get(rank).signal(signal);
        }
      }
      for (SaveLoopProcess rank : ranks) {
        last.add(rank.await("stopped", 30_000));
        assertEquals(0, rank.awaitExit(), () -> rank.said().toString());
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
    assertEquals(1, last.size(), last::toString);
    assertLatestIs(Long.parseLong(last.iterator().next().substring("stopped ".length())));
  }

  @Test
  void signalThatIsRepeatedAtOnceIsOneRequest() throws Exception {
    List<SaveLoopProcess> ranks = start("stop");
    try {
      for (SaveLoopProcess rank : ranks) {
        rank.await("training", 60_000);
      }
      for (int time = 0; time < 2; time++) { // as Slurm does at a job's time limit
        for (SaveLoopProcess rank : ranks) {
          rank.signal("TERM");
        }
        Thread.sleep(4);
      }
      for (SaveLoopProcess rank : ranks) {
        assertEquals(0, rank.awaitExit(), () -> rank.said().toString());
      }
      assertLatestIs(
          Long.parseLong(ranks.get(0).await("stopped", 0).substring("stopped ".length())));
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  @Test
  void rankIsToldAtItsNextStepThatAnotherOneHasDied() throws Exception {
    List<SaveLoopProcess> ranks = start("alone");
    try {
      for (SaveLoopProcess rank : ranks) {
        rank.await("training", 60_000);
      }
      ranks.get(1).kill();
      for (int rank : new int[] {0, 2}) {
        String told = ranks.get(rank).await("failed", 10_000);
        assertTrue(told.startsWith("failed rank 1 of 3 closed its connection"), told);
        assertEquals(5, ranks.get(rank).awaitExit());
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  @Test
  void signalEndsARankThatCannotAgreeWithTheOthersAnyMore() throws Exception {
    List<SaveLoopProcess> ranks = start("deaf");
    try {
      for (SaveLoopProcess rank : ranks) {
        rank.await("training", 60_000);
      }
      ranks.get(1).kill();
      for (int rank : new int[] {0, 2}) {
        ranks.get(rank).await("broken", 10_000);
        ranks.get(rank).signal("TERM");
        assertEquals(OptionalInt.of(128 + 15), ranks.get(rank).awaitExit(10_000), "rank " + rank);
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  @Test
  void signalThatComesAgainMuchLaterEndsTheProcess() throws Exception {
    List<SaveLoopProcess> ranks = start("stuck");
    try {
      ranks.get(0).await("stuck", 60_000);
      ranks.get(0).signal("TERM");
      assertEquals(OptionalInt.empty(), ranks.get(0).awaitExit(5_500));
      ranks.get(0).signal("TERM");
      assertEquals(OptionalInt.of(128 + 15), ranks.get(0).awaitExit(10_000));
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  @Test
  void signalThatCameBeforeTheOthersDiedEndsARankThatHangs() throws Exception {
    List<SaveLoopProcess> ranks = start("stuck");
    try {
      ranks.get(0).await("stuck", 60_000);
      ranks.get(0).signal("TERM");
      assertEquals(OptionalInt.empty(), ranks.get(0).awaitExit(500), "the others may agree");
      ranks.get(1).kill();
      assertEquals(OptionalInt.of(128 + 15), ranks.get(0).awaitExit(15_000));
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  @Test
  void processThatEndsWhileItSavesEndsWithTheSave() throws Exception {
    List<SaveLoopProcess> ranks = start("exit");
    try {
      for (SaveLoopProcess rank : ranks) {
        rank.await("leaving false", 60_000);
        assertEquals(0, rank.awaitExit(), () -> rank.said().toString());
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
    assertLatestIs(1);
  }

  @Test
  void processThatEndsLongBeforeItsSaveGivesItUpOnEveryRank() throws Exception {
    List<SaveLoopProcess> ranks = start("abandon", Map.of("CAIRN_EXIT_TIMEOUT_SECONDS", "0.5"));
    try {
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        ranks.get(rank).await("leaving false", 60_000);
        if (rank != 1) {
          String failure = ranks.get(rank).await("failed", 20_000);
          assertTrue(failure.contains("rank 1 of 3: the process ends"), failure);
        }
        assertEquals(0, ranks.get(rank).awaitExit());
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
    assertEquals(List.of(), everythingInTheRun());
  }

  private List<String> everythingInTheRun() throws IOException {
    try (var paths = Files.list(temporary.resolve("run"))) {
      return paths.map(path -> path.getFileName().toString()).toList();
    }
  }

  private void assertLatestIs(long step) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(temporary.resolve("run")))) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      assertEquals(step, latest.step());
      ReferenceModel expected = SaveLoop.model(step);
      ParameterSet restored = expected.poisonedOn(0, 1);
      latest.restore(restored);
      expected.assertHolds(restored, 0, 1);
    }
    try (var paths = Files.list(temporary.resolve("run"))) {
      assertTrue(paths.noneMatch(path -> path.getFileName().toString().startsWith(".")));
    }
  }
}
