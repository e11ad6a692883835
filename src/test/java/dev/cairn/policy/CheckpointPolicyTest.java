package dev.cairn.policy;

import static dev.cairn.policy.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.LongUnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Stalls of 2 s at 100 s between failures: an interval of 20 s. */
class CheckpointPolicyTest {
  private static final long SECOND = 1_000_000_000;
  private static final PolicyOptions OPTIONS = PolicyOptions.ofMtbfSeconds(100).withStallSeconds(2);

  private final List<Long> saved = new ArrayList<>();

  /** Trains from step {@code first} to {@code last}; a save stalls 2 s and commits at once. */
  private void train(CheckpointPolicy policy, long first, long last, LongUnaryOperator stepNanos) {
    for (long step = first; step <= last; step++) {
      policy.stepTook(stepNanos.applyAsLong(step));
      if (policy.shouldSave()) {
        saved.add(step);
        policy.saveStalled(2 * SECOND);
        policy.saveCommitted(2 * SECOND);
      }
    }
  }

  @Test
  void savesAtTheInterval() {
    train(CheckpointPolicy.start(OPTIONS), 1, 100, step -> SECOND);
    assertEquals(List.of(20L, 40L, 60L, 80L, 100L), saved);
  }

  @Test
  void intervalIsRoundedToTheNearestStep() {
    train(CheckpointPolicy.start(OPTIONS), 1, 11, step -> 7 * SECOND);
    assertEquals(List.of(5L, 8L, 11L), saved);
  }

  @Property
  void adviceForSteadyTimesIsTheCostOptimum(@ForAll @IntRange(min = 1, max = 50) int stepTenths) {
    saved.clear();
    double stepSeconds = stepTenths / 10.0;
    train(CheckpointPolicy.start(OPTIONS), 1, 500, step -> stepTenths * (SECOND / 10));
    CostModel model =
        new CostModel(
            new TrainingRun(stepSeconds, OptionalLong.empty(), 1, 100 / 3600.0),
            new SaveCost(2, 2));
    assertEquals(model.optimumSteps(), (double) (saved.get(1) - saved.get(0)), 0.51);
  }

  @Test
  void firstSaveComesEarlyIfItsCostIsUnknown() {
    CheckpointPolicy policy = CheckpointPolicy.start(PolicyOptions.ofMtbfSeconds(100));
    assertEquals(OptionalDouble.empty(), policy.intervalSeconds());
    train(policy, 1, 60, step -> SECOND);
    assertEquals(List.of(10L, 30L, 50L), saved);
    assertEquals(20, policy.intervalSeconds().orElseThrow(), 1e-9);
  }

  @Test
  void measuredStallReplacesTheExpectedOne() {
    train(CheckpointPolicy.start(OPTIONS.withStallSeconds(0.5)), 1, 40, step -> SECOND);
    assertEquals(List.of(10L, 30L), saved);
  }

  @Test
  void oneSlowSaveDoesNotMoveTheInterval() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    train(policy, 1, 60, step -> SECOND);
    policy.saveStalled(900 * SECOND);
    policy.saveCommitted(2 * SECOND);
    train(policy, 61, 80, step -> SECOND);
    assertEquals(List.of(20L, 40L, 60L, 80L), saved);
  }

  @Test
  void slowFirstStepHardlyMovesTheNextSaves() {
    train(CheckpointPolicy.start(OPTIONS), 1, 40, step -> step == 1 ? 15 * SECOND : SECOND);
    assertEquals(List.of(18L, 38L), saved);
  }

  @Test
  void evaluationCountsAsThreeSteps() {
    train(CheckpointPolicy.start(OPTIONS), 1, 60, step -> step == 30 ? 600 * SECOND : SECOND);
    assertEquals(List.of(20L, 38L, 58L), saved);
  }

  @Test
  void stepsThatChangeTheirLengthAreFollowed() {
    train(CheckpointPolicy.start(OPTIONS), 1, 300, step -> step <= 100 ? SECOND : 4 * SECOND);
    assertEquals(List.of(20L, 40L, 60L, 80L, 100L), saved.subList(0, 5));
    assertEquals(5, saved.get(saved.size() - 1) - saved.get(saved.size() - 2));
  }

  @Test
  void noSaveBeginsBeforeTheLastOnesWriteCanBeOver() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    train(policy, 1, 20, step -> SECOND);
    policy.saveCommitted(33 * SECOND);
    train(policy, 21, 60, step -> SECOND);
    assertEquals(List.of(20L, 53L), saved);
  }

  @Test
  void lastStepIsSaved() {
    train(CheckpointPolicy.start(OPTIONS.withTotalSteps(27)), 1, 27, step -> SECOND);
    assertEquals(List.of(20L, 27L), saved);
  }

  @Test
  void aStepIsSavedOnce() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS.withTotalSteps(5));
    assertFalse(policy.shouldSave());
    train(policy, 1, 5, step -> SECOND);
    assertEquals(List.of(5L), saved);
    assertFalse(policy.shouldSave());
  }

  @Test
  void failedSaveIsTriedAgainAfterAQuarterOfTheInterval() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    for (int step = 1; step <= 20; step++) {
      policy.stepTook(SECOND);
    }
    assertTrue(policy.shouldSave());
    policy.saveStalled(2 * SECOND);
    policy.stepTook(SECOND);
    policy.saveFailed();
    train(policy, 22, 50, step -> SECOND);
    assertEquals(List.of(26L, 46L), saved);
  }

  @Test
  void resumedPolicyKnowsWhatWasMeasured() {
    CheckpointPolicy before = CheckpointPolicy.start(PolicyOptions.ofMtbfSeconds(100));
    train(before, 1, 30, step -> SECOND);
    PolicyState state = before.state();
    assertEquals(30, state.steps());
    assertEquals(List.of(2 * SECOND, 2 * SECOND), state.stallNanos());
    saved.clear();
    CheckpointPolicy after =
        CheckpointPolicy.resume(PolicyOptions.ofMtbfSeconds(100).withTotalSteps(60), state);
    assertEquals(state, after.state());
    train(after, 31, 60, step -> SECOND);
    assertEquals(List.of(50L, 60L), saved);
  }

  @Property
  void sameTimesGiveTheSameAnswers(@ForAll List<@IntRange(max = 2_000_000_000) Integer> nanos) {
    saved.clear();
    train(CheckpointPolicy.start(OPTIONS), 1, nanos.size(), step -> nanos.get((int) step - 1));
    List<Long> first = List.copyOf(saved);
    saved.clear();
    train(CheckpointPolicy.start(OPTIONS), 1, nanos.size(), step -> nanos.get((int) step - 1));
    assertEquals(first, saved);
  }

  @Test
  void stateHoldsTheRecentPastOnly() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    train(policy, 1, 1000, step -> SECOND + step);
    assertEquals(32, policy.state().stepNanos().size());
    assertEquals(SECOND + 1000, policy.state().stepNanos().get(31));
    assertEquals(5, policy.state().stallNanos().size());
    assertEquals(5, policy.state().writeNanos().size());
  }

  @Test
  void endlessTimesDoNotOverflow() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    for (int step = 1; step <= 6; step++) {
      policy.stepTook(Long.MAX_VALUE);
    }
    assertTrue(policy.shouldSave());
  }

  @Test
  void nothingIsDueBeforeFiveStepsAreMeasured() {
    train(CheckpointPolicy.start(OPTIONS), 1, 6, step -> 100 * SECOND);
    assertEquals(List.of(5L, 6L), saved);
  }

  @Test
  void negativeTimesAreRefused() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    String tail = "=-1, expected 0 or more";
    assertRefused("value out of range: stepNanos" + tail, () -> policy.stepTook(-1));
    assertRefused("value out of range: stallNanos" + tail, () -> policy.saveStalled(-1));
    assertRefused("value out of range: writeNanos" + tail, () -> policy.saveCommitted(-1));
    assertRefused(
        "value out of range: steps" + tail,
        () -> new PolicyState(-1, List.of(), List.of(), List.of()));
    assertRefused(
        "value out of range: stallNanos" + tail,
        () -> new PolicyState(0, List.of(), List.of(-1L), List.of()));
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    assertRefused(
        "value out of range: mtbfSeconds=0.0, expected a finite number above 0",
        () -> PolicyOptions.ofMtbfSeconds(0));
    assertRefused(
        "value out of range: totalSteps=0, expected 1 or more", () -> OPTIONS.withTotalSteps(0));
    assertRefused(
        "value out of range: stallSeconds=NaN, expected a finite number, 0 or more",
        () -> OPTIONS.withStallSeconds(Double.NaN));
    assertRefused(
        "value out of range: firstSaveSteps=0, expected 1 or more",
        () -> OPTIONS.withFirstSaveSteps(0));
  }

  @Test
  void stateIsTheSameAfterItWasText() {
    for (PolicyState state :
        List.of(
            new PolicyState(0, List.of(), List.of(), List.of()),
            new PolicyState(7, List.of(1L, 2L), List.of(), List.of(Long.MAX_VALUE)))) {
      assertEquals(state, PolicyState.parse(state.encode()));
    }
    assertRefused("no state of a policy: text=1 2", () -> PolicyState.parse("1 2"));
  }

  @Test
  void lossIsWhatIsTrainedDuringAWriteAndBetweenSaves() {
    CheckpointPolicy policy = CheckpointPolicy.start(OPTIONS);
    assertEquals(10, policy.expectedLossSeconds().orElseThrow(), 1e-9);
    policy.saveStalled(2 * SECOND);
    policy.saveCommitted(5 * SECOND);
    assertEquals(5 + 10, policy.expectedLossSeconds().orElseThrow(), 1e-9);
    assertEquals(5 + 20, policy.largestLossSeconds().orElseThrow(), 1e-9);
    policy.saveStalled(2 * SECOND);
    policy.saveCommitted(30 * SECOND); // longer than the interval: the next save waits for it
    assertEquals(30 + 15, policy.expectedLossSeconds().orElseThrow(), 1e-9);
    assertEquals(
        OptionalDouble.empty(),
        CheckpointPolicy.start(PolicyOptions.ofMtbfSeconds(1)).expectedLossSeconds());
  }
}
