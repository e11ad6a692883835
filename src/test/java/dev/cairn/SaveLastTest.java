package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The last save of a run is of the weights that it was given, whatever was saved before. */
class SaveLastTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  private static Checkpointer open(Communicator communicator, RunOptions run) {
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(4096)
            .build();
    return Checkpointer.open(communicator, options, run);
  }

  /** Saves in the background a step that a trainer will not stand by: weights of another step. */
  private static void saveWrongWeights(Checkpointer checkpointer, Communicator ranks, long step)
      throws Exception {
    checkpointer.saveAsync(step, StepRun.model(ranks, -1), StepRun.NO_STATE).await();
  }

  @Test
  void stepThatWasTrainedAgainFromAnOlderCheckpointIsSavedAgain() throws Exception {
    Group.values(
        2,
        ranks -> {
          try (Checkpointer checkpointer = open(ranks, run())) {
            StepRun.save(checkpointer, ranks, 5);
            Checkpoint older = checkpointer.latest().orElseThrow();
            saveWrongWeights(checkpointer, ranks, 10);
            older.restore(StepRun.model(ranks, 0));
            checkpointer.saveLast(
                10, StepRun.model(ranks, 10), ModelFiles.none(), StepRun.NO_STATE);
          }
          return null;
        });
    assertEquals(List.of("step_5", "step_10"), StepRun.checkpoints(run().directory()));
  }

  @Test
  void stepWhoseCheckpointRetentionHasDeletedIsSavedAgain() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, run().withKeepLast(1))) {
      checkpointer.saveAsync(5, StepRun.model(single, 5), StepRun.NO_STATE);
      StepRun.save(checkpointer, single, 6);
      SaveReport report =
          checkpointer.saveLast(5, StepRun.model(single, 5), ModelFiles.none(), StepRun.NO_STATE);
      assertTrue(Files.exists(report.folder()), "there is no " + report.folder());
    }
    assertEquals(List.of("step_5", "step_6"), StepRun.checkpoints(run().directory()));
  }

  @Test
  void stepThatTheLastSaveWasOfIsNotSavedTwice() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, run())) {
      SaveReport first =
          checkpointer.saveAsync(5, StepRun.model(single, 5), StepRun.NO_STATE).await();
      SaveReport last =
          checkpointer.saveLast(5, StepRun.model(single, 5), ModelFiles.none(), StepRun.NO_STATE);
      assertEquals(first, last);
    }
  }
}
