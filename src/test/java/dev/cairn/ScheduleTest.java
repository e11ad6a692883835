package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.policy.CheckpointPolicy;
import dev.cairn.policy.PolicyOptions;
import dev.cairn.run.Signals;
import dev.cairn.support.Group;
import dev.cairn.support.ProcessSignal;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("stress")
@Timeout(60)
class ScheduleTest {
  private static final int WORLD_SIZE = 3;
  private static final TrainerState NO_STATE = TrainerState.builder().build();

  @TempDir Path temporary;

  private static SaveOptions options() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .stagingBuffers(1)
        .stagingBufferBytes(4096)
        .build();
  }

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  /**
   * Trains up to a step or a stop; returns the steps of the saves, and the last step at the end.
   */
  private List<Long> train(Communicator communicator, PolicyOptions policy, long stopAt)
      throws Exception {
    ParameterSet own = ReferenceModel.various(WORLD_SIZE).on(communicator.rank(), WORLD_SIZE);
    List<Long> saves = new ArrayList<>();
    try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run());
        Schedule schedule = checkpointer.schedule(CheckpointPolicy.start(policy))) {
      long step = 1;
      for (; step < 10_000; step++) {
        Thread.sleep(1 + communicator.rank()); // each measures something else
        StepDecision decision = schedule.stepDone(step);
        if (decision.save()) {
          checkpointer.saveAsync(step, own, ModelFiles.none(), NO_STATE);
          saves.add(step);
        }
        if (decision.stop()) {
          break;
        }
        if (step == stopAt && communicator.rank() == 1) {
          schedule.requestStop();
        }
      }
      checkpointer.saveLast(step, own, ModelFiles.none(), NO_STATE);
      assertEquals(step, checkpointer.latest().orElseThrow().step());
    }
    return saves;
  }

  @Test
  void allRanksSaveAndStopAtTheSameStepsAsThePolicyOfRankZeroSays() throws Exception {
    PolicyOptions policy = PolicyOptions.ofMtbfSeconds(0.05).withFirstSaveSteps(6);
    List<List<Long>> ofRanks =
        Group.values(WORLD_SIZE, communicator -> train(communicator, policy, 60));
    List<Long> saves = ofRanks.get(0);
    ofRanks.forEach(each -> assertEquals(saves, each));
    assertTrue(saves.size() >= 2, saves::toString);
    assertTrue(saves.get(0) >= 6 && saves.get(saves.size() - 1) > 60, saves::toString);
    List<Long> committed =
        new RunDirectory(run().directory())
            .committed().stream().map(RunDirectory.Entry::number).toList();
    assertEquals(saves, committed, "the save of the last step was not made twice");
  }

  @Test
  void signalsAreWatchedChainedAndGivenBack() throws Exception {
    Semaphore outer = new Semaphore(0);
    Semaphore inner = new Semaphore(0);
    Signals first = watch("USR1", outer);
    Signals second = watch("USR1", inner);
    try {
      raise("USR1");
      assertTrue(inner.tryAcquire(10, TimeUnit.SECONDS));
      assertTrue(outer.tryAcquire(10, TimeUnit.SECONDS), "the handler before is called too");
      second.close();
      raise("USR1"); // again, and still not the end of this process
      assertTrue(outer.tryAcquire(10, TimeUnit.SECONDS));
      assertEquals(0, inner.availablePermits(), "given back");
    } finally {
      second.close();
      first.close();
    }
  }

  /** Its default is the end of the process, which would be that of this test. */
  @Test
  void signalThatIsRepeatedWhileTheLastCheckpointIsSavedIsTheSameRequest() throws Exception {
    Semaphore arrivals = new Semaphore(0);
    Semaphore later = new Semaphore(0);
    Signals signals = watch("USR1", arrivals);
    raise("USR1");
    assertTrue(arrivals.tryAcquire(10, TimeUnit.SECONDS));
    signals.close();
    raise("USR1");
    Signals again = watch("USR1", later);
    raise("USR1");
    assertTrue(later.tryAcquire(10, TimeUnit.SECONDS), "watched anew");
    again.close();
    raise("USR1");
    Thread.sleep(200);
    assertEquals(0, arrivals.availablePermits(), "closed");
  }

  /** Its default is the end of the process, which would be that of this test. */
  @Test
  void signalThatComesAfterAnotherRanksIsTheSameRequest() throws Exception {
    try (Communicator communicator = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(communicator, SaveOptions.defaults(), run())) {
      Schedule schedule = checkpointer.schedule().stopOnSignals("USR1");
      schedule.requestStop(); // as when another rank's signal has come first
      for (long step = 1; !schedule.stepDone(step).stop(); step++) {
        Thread.sleep(1);
      }
      schedule.close();
      raise("USR1"); // while the last checkpoint is saved
      Thread.sleep(200);
    }
  }

  private static Signals watch(String name, Semaphore arrivals) {
    return Signals.watch(
        List.of(name),
        () -> {
          arrivals.release();
          return true;
        },
        Machine.local());
  }

  private static void raise(String signal) throws Exception {
    ProcessSignal.send(ProcessHandle.current().pid(), signal);
  }

  @Test
  void unknownSignalIsNamed() {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> watch("NOSUCH", new Semaphore(0)));
    assertTrue(e.getMessage().contains("signal=NOSUCH"), e.getMessage());
  }
}
