package dev.cairn;

import static dev.cairn.AsyncSaves.NO_STATE;
import static dev.cairn.AsyncSaves.open;
import static dev.cairn.AsyncSaves.options;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveReport;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who is told of a save in the background that failed or was refused, and what the last save of a
 * run is of then.
 */
@Tag("stress")
@Timeout(60)
class AsyncFailureTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  /** The second save's old checkpoint is deleted by rank 0 while the others are done already. */
  @Test
  void saveIsRefusedOnEveryRankIfTheOneBeforeRunsOnAny() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    CyclicBarrier others = new CyclicBarrier(3);
    RunOptions refusing = run().withKeepLast(1).withWhenBusy(RunOptions.WhenBusy.REFUSE);
    Group.values(
        3,
        communicator -> {
          int rank = communicator.rank();
          ParameterSet own = ReferenceModel.various(3).on(rank, 3);
          Disk disk = rank == 0 ? FaultyDisk.waiting(Call.RENAME, 2, gate) : Disk.local();
          try (Checkpointer checkpointer = open(communicator, options(), refusing, disk)) {
            checkpointer.save(1, own, ModelFiles.none(), NO_STATE);
            PendingSave second = checkpointer.saveAsync(2, own, ModelFiles.none(), NO_STATE);
            if (rank != 0) {
              second.await();
            }
            others.await();
            PendingSave third = checkpointer.saveAsync(3, own, ModelFiles.none(), NO_STATE);
            gate.countDown();
            IOException e = assertThrows(IOException.class, third::await);
            assertEquals(
                "save failed on rank 0 of 3: refused, as the save before still runs; nothing"
                    + " committed",
                e.getMessage());
            second.await();
            others.await();
            checkpointer.saveAsync(4, own, ModelFiles.none(), NO_STATE);
            checkpointer.saveLast(4, own, ModelFiles.none(), NO_STATE);
            assertEquals(4, checkpointer.latest().orElseThrow().step());
          }
          return null;
        });
  }

  @Test
  void savesThatFailedAreToldOnceAndSaveLastSavesAllTheSame() throws Exception {
    Files.createDirectories(run().directory());
    Files.createFile(run().directory().resolve("step_1")); // a file where the folder is to be
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, options(), run(), Disk.local())) {
      ParameterSet own = ReferenceModel.various(1).on(0, 1);
      checkpointer.saveAsync(1, own, ModelFiles.none(), NO_STATE);
      SaveReport second = checkpointer.saveLast(2, own, ModelFiles.none(), NO_STATE);
      assertTrue(Files.exists(second.folder().resolve("COMPLETED")));
      assertInstanceOf(
          CheckpointException.class,
          assertThrows(
              IOException.class, () -> checkpointer.saveLast(1, own, ModelFiles.none(), NO_STATE)));
      Files.delete(run().directory().resolve("step_1"));
      checkpointer.saveLast(1, own, ModelFiles.none(), NO_STATE);
    }
  }

  @Test
  void failureThatNobodyHasHeardOfIsThrownByClose() throws Exception {
    Files.createDirectories(run().directory());
    Files.createFile(run().directory().resolve("step_1"));
    try (Communicator single = Communicator.single()) {
      Checkpointer checkpointer = open(single, options(), run(), Disk.local());
      checkpointer.saveAsync(1, ReferenceModel.various(1).on(0, 1), ModelFiles.none(), NO_STATE);
      assertInstanceOf(
          CheckpointException.class, assertThrows(IOException.class, checkpointer::close));
    }
  }

  /** Saves in the background a step that a trainer will not stand by: weights of another step. */
  private static void saveWrongWeights(Checkpointer checkpointer, Communicator ranks, long step)
      throws Exception {
    checkpointer.saveAsync(step, StepRun.model(ranks, -1), NO_STATE).await();
  }

  @Test
  void stepThatWasTrainedAgainFromAnOlderCheckpointIsSavedAgain() throws Exception {
    Group.values(
        2,
        ranks -> {
          try (Checkpointer checkpointer = open(ranks, options(), run(), Disk.local())) {
            StepRun.save(checkpointer, ranks, 5);
            Checkpoint older = checkpointer.latest().orElseThrow();
            saveWrongWeights(checkpointer, ranks, 10);
            older.restore(StepRun.model(ranks, 0));
            checkpointer.saveLast(10, StepRun.model(ranks, 10), ModelFiles.none(), NO_STATE);
          }
          return null;
        });
    assertEquals(List.of("step_5", "step_10"), StepRun.checkpoints(run().directory()));
  }

  @Test
  void stepWhoseCheckpointRetentionHasDeletedIsSavedAgain() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, options(), run().withKeepLast(1), Disk.local())) {
      checkpointer.saveAsync(5, StepRun.model(single, 5), NO_STATE);
      StepRun.save(checkpointer, single, 6);
      SaveReport report =
          checkpointer.saveLast(5, StepRun.model(single, 5), ModelFiles.none(), NO_STATE);
      assertTrue(Files.exists(report.folder()), "there is no " + report.folder());
    }
    assertEquals(List.of("step_5", "step_6"), StepRun.checkpoints(run().directory()));
  }

  @Test
  void stepThatTheLastSaveWasOfIsNotSavedTwice() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, options(), run(), Disk.local())) {
      SaveReport first = checkpointer.saveAsync(5, StepRun.model(single, 5), NO_STATE).await();
      SaveReport last =
          checkpointer.saveLast(5, StepRun.model(single, 5), ModelFiles.none(), NO_STATE);
      assertEquals(first, last);
    }
  }
}
