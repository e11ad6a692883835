package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A rank dies as soon as it has entered a phase of a durable save in the background. */
@Tag("faults")
@Tag("processes")
@Timeout(120)
class PhaseKillTest {
  private static final int WORLD_SIZE = 2;

  @TempDir Path temporary;

  @Test
  void checkpointBeforeIsTheLatestWhicheverPhaseIsTheLast() throws Exception {
    List<String> arguments =
        List.of(temporary.resolve("run").toString(), "PARALLEL", "DURABLE", "true", "none", "0");
    List<SaveLoopProcess> ranks = new ArrayList<>();
    try {
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        ranks.add(new SaveLoopProcess(rank, WORLD_SIZE, arguments));
      }
      long step = 0;
      int victim = 0; // it prepares and commits: those two phases hit it
      for (SavePhase phase : SavePhase.values()) {
        victim = (victim + 1) % WORLD_SIZE;
        Path rendezvous = Files.createDirectory(temporary.resolve("meet" + phase));
        for (int rank = 0; rank < WORLD_SIZE; rank++) {
          ranks.get(rank).join(rendezvous, rank == victim ? phase.name() : "");
        }
        assertEquals(9, ranks.get(victim).awaitExit());
        if (phase != SavePhase.COMMIT) {
          ranks.set(victim, new SaveLoopProcess(victim, WORLD_SIZE, arguments));
        }
        String failure = ranks.get(1 - victim).await("failed", 15_000);
        assertTrue(failure.contains("rank " + victim + " of " + WORLD_SIZE), failure);
        assertEquals(phase == SavePhase.COMMIT, failure.contains("whole if it is there"), failure);
        assertLatestIs(++step);
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  private void assertLatestIs(long step) throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(temporary.resolve("run")))) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      assertEquals(step, latest.step());
      WholeModel expected = SaveLoop.model(step);
      ParameterSet restored = expected.poisonedOn(0, 1);
      latest.restore(restored);
      expected.assertHolds(restored, 0, 1);
    }
  }
}
