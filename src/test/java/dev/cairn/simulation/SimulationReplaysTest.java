package dev.cairn.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.RunOptions;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.simulation.checker.Checker;
import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.CallKind;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Fault;
import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.history.Generation;
import dev.cairn.simulation.history.History;
import dev.cairn.simulation.history.Outcome;
import dev.cairn.simulation.history.Setup;
import dev.cairn.simulation.scheduling.Phase;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Short histories that once broke a promise, each in many orders of events. */
@ExtendWith(SilentLog.class)
class SimulationReplaysTest {
  private static final int ORDERS = 30;
  private static final Setup DURABLE = Setup.simple(SaveMode.PARALLEL, Durability.DURABLE);
  private static final Setup FAST = Setup.simple(SaveMode.PARALLEL, Durability.FAST);

  private boolean canExchange = true;

  private static Call call(int slot, CallKind kind, long step) {
    return new Call(slot, kind, step, slot + 1, false, false);
  }

  private static Call save(int slot, long step) {
    return call(slot, CallKind.SAVE, step);
  }

  private static Call async(int slot, long step, boolean awaits) {
    return new Call(slot, CallKind.SAVE_ASYNC, step, slot + 1, awaits, false);
  }

  private static Call wrong(Call call) {
    return new Call(call.slot(), call.kind(), call.step(), call.stamp(), call.awaits(), true);
  }

  /** The same slot's call of one rank alone. */
  private static Call other(Call call, long step) {
    return new Call(call.slot(), call.kind(), step, 128 + call.slot(), call.awaits(), false);
  }

  private static Fault fault(FaultKind kind, int slot, Phase phase, int rank, int nth) {
    return new Fault(kind, slot, phase, rank, nth, Fault.Moment.BEFORE);
  }

  private static Generation job(Setup setup, List<Fault> faults, List<List<Call>> callsByRank) {
    return new Generation(setup, callsByRank, faults, true);
  }

  /** What all of so many ranks do. */
  private static List<List<Call>> all(int ranks, Call... calls) {
    return Collections.nCopies(ranks, List.of(calls));
  }

  /** Plays it in many orders; returns what was told of a slot, in the last of them. */
  private List<Outcome> assertKeepsPromises(int slot, Generation... generations) {
    List<Outcome> told = new ArrayList<>();
    for (long seed = 0; seed < ORDERS; seed++) {
      double switchRate = seed % 3 * 0.1;
      Played played =
          Simulation.play(new History(seed, switchRate, canExchange, List.of(generations)));
      assertEquals(List.of(), played.failures(), () -> String.join("\n", played.trace()));
      assertEquals(
          List.of(), Checker.check(played.events()), () -> String.join("\n", played.trace()));
      told.clear();
      for (Event event : played.events()) {
        if (event instanceof Event.Told one && one.call().slot() == slot) {
          told.add(one.outcome());
        }
      }
    }
    return told;
  }

  private static void assertAllFail(List<Outcome> told, String part) {
    assertTrue(told.stream().allMatch(outcome -> outcome.text().contains(part)), told::toString);
  }

  @Test
  void ranksInDifferentCallsCommitNothing() {
    Call first = save(0, 100);
    List<Outcome> told =
        assertKeepsPromises(
            0,
            job(
                DURABLE,
                List.of(),
                List.of(List.of(first, save(1, 300)), List.of(other(first, 200), save(1, 300)))));
    assertAllFail(told, "rank 0 in save(step=100), rank 1 in save(step=200)");
  }

  @Test
  void ranksStayInStepAfterAFailureThatOnlyOneOfThemWasTold() {
    assertKeepsPromises(
        1,
        job(
            DURABLE,
            List.of(),
            List.of(
                List.of(async(0, 1, true), async(1, 2, true), async(2, 3, true), save(3, 4)),
                List.of(
                    wrong(async(0, 1, false)),
                    async(1, 2, false),
                    async(2, 3, false),
                    save(3, 4)))));
  }

  @Test
  void fileThatFailsWhenItIsClosedFailsTheSaveOnEveryRank() {
    for (Setup setup : List.of(DURABLE, FAST)) {
      Phase closing = setup.isDurable() ? Phase.FORCE : Phase.COPY;
      List<Outcome> told =
          assertKeepsPromises(
              0,
              job(
                  setup,
                  List.of(fault(FaultKind.CLOSE_FAILS, 0, closing, 1, 0)),
                  all(2, save(0, 1), save(1, 2))));
      assertAllFail(told, "save failed on rank 1 of 2");
    }
  }

  @Test
  void lastSaveIsMadeAfterABackgroundFailureOfAnyKind() {
    Call last = call(1, CallKind.SAVE_LAST, 2);
    List<Outcome> told =
        assertKeepsPromises(
            1,
            job(
                DURABLE,
                List.of(),
                List.of(
                    List.of(async(0, 1, false), last), List.of(wrong(async(0, 1, false)), last))));
    assertTrue(
        told.stream().allMatch(outcome -> outcome.result() == Outcome.Result.COMMITTED),
        told::toString);
  }

  @Test
  void anotherProcessThatLooksLeavesALiveReplacementAlone() {
    canExchange = false;
    for (int nth = 0; nth < 20; nth++) {
      assertKeepsPromises(
          1,
          job(
              DURABLE,
              List.of(fault(FaultKind.SECOND_PROCESS, 1, Phase.COMMIT, 0, nth)),
              all(2, save(0, 1), save(1, 1))));
    }
  }

  @Test
  void retentionThatCannotListFailsNoSave() {
    Generation job =
        job(
            DURABLE.withKeepLast(1),
            List.of(fault(FaultKind.LIST_FAILS, 1, Phase.RETAIN, 0, 0)),
            all(2, save(0, 1), save(1, 2)));
    assertTrue(
        assertKeepsPromises(1, job).stream()
            .allMatch(outcome -> outcome.result() == Outcome.Result.COMMITTED));
  }

  @Test
  void undoThatFailsTakesNoGoodCheckpoint() {
    for (int nth = 0; nth < 8; nth++) {
      assertKeepsPromises(
          1,
          job(
              DURABLE,
              List.of(
                  fault(FaultKind.FORCE_FAILS, 1, Phase.COMMIT, 0, nth),
                  fault(FaultKind.EXCHANGE_FAILS, 1, Phase.COMMIT, 0, 1)),
              all(2, save(0, 1), save(1, 1))),
          job(DURABLE, List.of(), all(1, call(2, CallKind.RESTORE, 0), save(3, 2))));
    }
  }

  @Test
  void heartbeatWithoutAThreadLeavesNoFolder() {
    assertKeepsPromises(
        0,
        job(
            DURABLE,
            List.of(fault(FaultKind.NO_THREAD, 0, Phase.PREPARE, 0, 0)),
            all(2, save(0, 1), save(1, 2))));
  }

  @Test
  void refusedSaveAfterOneThatFailedLeavesRanksInStep() {
    Setup refusing =
        new Setup(
            SaveMode.GATHER,
            Durability.DURABLE,
            false,
            40,
            Long.MAX_VALUE,
            1,
            0,
            0,
            RunOptions.WhenBusy.REFUSE);
    assertKeepsPromises(
        2,
        job(
            refusing,
            List.of(),
            List.of(
                List.of(async(0, 1, false), async(1, 2, true), save(2, 3), save(3, 4)),
                List.of(async(0, 1, true), async(1, 2, true), save(2, 3), save(3, 4)),
                List.of(wrong(async(0, 1, true)), async(1, 2, true), save(2, 3), save(3, 4)))));
  }

  @Test
  void durableSaveSurvivesInADirectoryThatAFastOneHasMade() {
    assertKeepsPromises(
        1,
        job(FAST, List.of(), all(1, save(0, 1))),
        job(
            DURABLE,
            List.of(fault(FaultKind.POWER_CUT, 2, Phase.PLAN, 0, 0)),
            all(1, save(1, 2), save(2, 3))),
        job(DURABLE, List.of(), all(1, call(3, CallKind.RESTORE, 0))));
  }
}
