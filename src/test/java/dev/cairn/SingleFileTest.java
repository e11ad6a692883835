package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.ProgressListener;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import dev.cairn.policy.CheckpointPolicy;
import dev.cairn.policy.PolicyOptions;
import dev.cairn.policy.PolicyState;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Folders with one tensor file, as adapters are: saved as others are. */
@Timeout(60)
class SingleFileTest {
  private static final int WORLD_SIZE = 2;
  private static final TrainerState NO_STATE = TrainerState.builder().build();
  private static final List<SavePhase> PHASES =
      List.of(SavePhase.PLAN, SavePhase.PREPARE, SavePhase.COPY, SavePhase.FORCE, SavePhase.COMMIT);

  @TempDir Path temporary;

  private interface Work {
    void with(Checkpointer checkpointer, SingleFile file) throws IOException;
  }

  private void onRanks(Work work) throws Exception {
    Group.values(
        WORLD_SIZE,
        communicator -> {
          try (Checkpointer checkpointer = open(communicator)) {
            work.with(checkpointer, file(communicator.rank()));
          }
          return null;
        });
  }

  private Checkpointer open(Communicator communicator) {
    SaveOptions options = SaveOptions.builder().stagingBufferBytes(4096).build();
    return Checkpointer.open(communicator, options, RunOptions.in(temporary.resolve("run")));
  }

  private static SingleFile file(int rank) {
    ReferenceModel model = new ReferenceModel(2).add("a", DType.F32, Layout.zero3(), 5000);
    return new SingleFile(
        "adapter_model", model.on(rank, WORLD_SIZE), ModelFiles.none(), Optional.empty());
  }

  @Test
  void progressIsToldOfAFolder() throws Exception {
    onRanks(
        (checkpointer, file) -> {
          Told told = new Told();
          checkpointer.onProgress(told);
          SaveReport report =
              SingleFile.save(checkpointer, temporary.resolve("adapter"), () -> file);
          told.assertAll(report);
        });
  }

  @Test
  void progressIsToldOfACheckpointOfARun() throws Exception {
    onRanks(
        (checkpointer, file) -> {
          Told told = new Told();
          checkpointer.onProgress(told);
          told.assertAll(SingleFile.save(checkpointer, 1, () -> file, NO_STATE));
        });
  }

  /** What a listener was told, on one rank. */
  private static final class Told implements ProgressListener {
    private final List<SavePhase> phases = new ArrayList<>();
    private long lastDoneBytes;

    @Override
    public synchronized void progress(SavePhase phase, long doneBytes, long totalBytes) {
      if (phases.isEmpty() || phases.get(phases.size() - 1) != phase) {
        phases.add(phase);
      }
      lastDoneBytes = doneBytes;
    }

    synchronized void assertAll(SaveReport report) {
      assertEquals(PHASES, phases);
      assertEquals(report.writtenBytes(), lastDoneBytes);
    }
  }

  @Test
  void policyLearnsWhatASaveCosts() throws Exception {
    onRanks(
        (checkpointer, file) -> {
          CheckpointPolicy policy = CheckpointPolicy.start(PolicyOptions.ofMtbfSeconds(1000));
          try (Schedule schedule = checkpointer.schedule(policy)) {
            long start = System.nanoTime();
            SingleFile.save(checkpointer, 1, () -> file, NO_STATE);
            long tookNanos = System.nanoTime() - start;
            schedule.stepDone(1);
            PolicyState learned = policy.state();
            assertEquals(1, learned.stallNanos().size());
            assertEquals(1, learned.writeNanos().size());
            assertTrue(learned.stallNanos().get(0) <= tookNanos);
            assertTrue(learned.writeNanos().get(0) <= tookNanos);
          }
        });
  }

  @Test
  void policyLearnsOfASaveThatFailed() throws Exception {
    onRanks(
        (checkpointer, file) -> {
          CheckpointPolicy policy = CheckpointPolicy.start(PolicyOptions.ofMtbfSeconds(1000));
          try (Schedule schedule = checkpointer.schedule(policy)) {
            Supplier<SingleFile> broken =
                () -> {
                  throw new IllegalStateException("no adapter");
                };
            assertThrows(
                CheckpointException.class,
                () -> SingleFile.save(checkpointer, 1, broken, NO_STATE));
            schedule.stepDone(1);
            assertEquals(1, policy.state().stallNanos().size());
            assertEquals(0, policy.state().writeNanos().size());
          }
        });
  }
}
