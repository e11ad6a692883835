package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SavePhase;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A rank dies as soon as it has entered a phase of a durable save in the background. */
@Tag("faults")
@Tag("processes")
@Timeout(120)
class PhaseKillTest {
  private static final int WORLD_SIZE = 2;
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.faults.all");

  /** Up to here modes do the same, and only one is tried unless {@code -Pfaults} asks for all. */
  private static final SavePhase LAST_ALIKE = SavePhase.PREPARE;

  @TempDir Path temporary;

  @ParameterizedTest
  @EnumSource(names = {"PARALLEL", "GATHER"})
  void checkpointBeforeIsTheLatestWhicheverPhaseIsTheLastOfWhom(SaveMode mode) throws Exception {
    List<String> arguments =
        List.of(temporary.resolve("run").toString(), mode.name(), "DURABLE", "true", "none", "0");
    List<SaveLoopProcess> ranks = new ArrayList<>();
    try {
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        ranks.add(new SaveLoopProcess(rank, WORLD_SIZE, arguments));
      }
      long step = 0;
      for (SavePhase phase : phases(mode)) {
        for (int victim : victims(mode, phase)) {
          Path rendezvous = Files.createDirectory(temporary.resolve("meet" + phase + victim));
          for (int rank = 0; rank < WORLD_SIZE; rank++) {
            ranks.get(rank).join(rendezvous, rank == victim ? phase.name() : "");
          }
          assertEquals(9, ranks.get(victim).awaitExit());
          ranks.set(victim, new SaveLoopProcess(victim, WORLD_SIZE, arguments));
          String failure = ranks.get(1 - victim).await("failed", 15_000);
          assertTrue(failure.contains("rank " + victim + " of " + WORLD_SIZE), failure);
          checkPromise(failure, phase, victim);
          step = checkLatest(step + 1, phase == SavePhase.COMMIT && victim != 0);
        }
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
  }

  /**
   * Checks what the survivor says about the checkpoint. Rank 0 may die before the other has heard
   * that all are ready to commit; nothing is committed then, and it may say so.
   */
  private static void checkPromise(String failure, SavePhase phase, int victim) {
    boolean isOpen = failure.contains("whole if it is there");
    if (phase != SavePhase.COMMIT) {
      assertFalse(isOpen, failure);
    } else if (victim != 0) {
      assertTrue(isOpen, failure);
    }
  }

  private static List<SavePhase> phases(SaveMode mode) {
    boolean all = mode == SaveMode.PARALLEL || IS_ALL;
    return Stream.of(SavePhase.values())
        .filter(phase -> all || phase.compareTo(LAST_ALIKE) > 0)
        .toList();
  }

  /** One rank, which is another one in the other mode; with {@code -Pfaults} each. */
  private static List<Integer> victims(SaveMode mode, SavePhase phase) {
    int index = List.of(SavePhase.values()).indexOf(phase);
    int one = (index + (mode == SaveMode.GATHER ? 1 : 0)) % WORLD_SIZE;
    return IS_ALL ? List.of(0, 1) : List.of(one);
  }

  /**
   * Checks the latest checkpoint and returns its step.
   *
   * @param mayBeNext whether it may also be the step of the save that was hit: rank 0 lives
   */
  private long checkLatest(long saved, boolean mayBeNext) throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(temporary.resolve("run")))) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      long step = latest.step();
      assertTrue(step == saved || (mayBeNext && step == saved + 1), "latest=" + step);
      ReferenceModel expected = SaveLoop.model(step);
      ParameterSet restored = expected.poisonedOn(0, 1);
      latest.restore(restored);
      expected.assertHolds(restored, 0, 1);
      return step;
    }
  }
}
