package dev.cairn.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class IntervalAdviceTest {
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  /** Steps of one second, 2 hours between failures. */
  private static IntervalAdvice advise(
      OptionalLong total, double stall, double write, DiskBudget disk) {
    CostModel model = new CostModel(new TrainingRun(1, total, 1, 2), new SaveCost(stall, write));
    return IntervalAdvice.of(model, disk);
  }

  private static DiskBudget keepAll(long checkpointBytes, long budgetBytes) {
    return new DiskBudget(OptionalLong.of(checkpointBytes), OptionalLong.of(budgetBytes), UNKNOWN);
  }

  private static void assertAdvice(IntervalAdvice advice, long steps, IntervalLimit limit) {
    assertEquals(limit, advice.limit());
    assertEquals(steps, advice.steps());
  }

  @Test
  void costDecidesWhereNothingElseDoes() {
    IntervalAdvice advice = advise(OptionalLong.of(100_000), 10, 300, DiskBudget.unlimited());
    assertAdvice(advice, 379, IntervalLimit.COST_OPTIMUM);
    assertEquals(OptionalLong.of(264), advice.saves());
  }

  @Test
  void intervalIsNeverShorterThanTheWrite() {
    assertAdvice(
        advise(OptionalLong.of(100_000), 10, 500.5, DiskBudget.unlimited()),
        501,
        IntervalLimit.BACKGROUND_WRITE);
  }

  @Test
  void diskThatKeepsAllCheckpointsBoundsTheirNumber() {
    IntervalAdvice advice = advise(OptionalLong.of(100_000), 10, 0, keepAll(7, 75));
    assertAdvice(advice, 10_000, IntervalLimit.DISK_BUDGET);
    assertEquals(OptionalLong.of(70), advice.peakBytes());
  }

  @Test
  void diskThatKeepsTheLastOnlyBoundsNothing() {
    DiskBudget disk = new DiskBudget(OptionalLong.of(7), OptionalLong.of(75), OptionalLong.of(9));
    IntervalAdvice advice = advise(OptionalLong.of(100_000), 10, 0, disk);
    assertAdvice(advice, 379, IntervalLimit.COST_OPTIMUM);
    assertEquals(OptionalLong.of(70), advice.peakBytes());
  }

  @Test
  void runThatEndsBeforeIsSavedAtItsEnd() {
    IntervalAdvice advice = advise(OptionalLong.of(100), 10, 500, DiskBudget.unlimited());
    assertAdvice(advice, 100, IntervalLimit.TOTAL_STEPS);
    assertEquals(OptionalLong.of(1), advice.saves());
  }

  @Test
  void nothingIsShorterThanAStep() {
    assertAdvice(advise(UNKNOWN, 1e-6, 0, DiskBudget.unlimited()), 1, IntervalLimit.ONE_STEP);
  }

  @Test
  void openRunHasNoNumberOfSaves() {
    assertEquals(UNKNOWN, advise(UNKNOWN, 10, 0, keepAll(7, 75)).saves());
    assertEquals(UNKNOWN, advise(UNKNOWN, 10, 0, keepAll(7, 75)).peakBytes());
  }

  @Test
  void halfAndDoubleAreThoseOfTheAdvice() {
    IntervalAdvice advice = advise(UNKNOWN, 10, 500, DiskBudget.unlimited());
    assertEquals(250, advice.overheadAtHalf().intervalSteps());
    assertEquals(500, advice.overhead().intervalSteps());
    assertEquals(1000, advice.overheadAtDouble().intervalSteps());
    assertEquals(500, advice.seconds());
  }

  @Property
  void adviceCostsLeastAmongAllIntervalsThatAreAllowed(
      @ForAll @IntRange(min = 1, max = 2000) int total,
      @ForAll @DoubleRange(min = 0, max = 100) double stall,
      @ForAll @DoubleRange(min = 0, max = 100) double write,
      @ForAll @IntRange(min = 1, max = 50) int slots) {
    IntervalAdvice advice = advise(OptionalLong.of(total), stall, write, keepAll(10, 10L * slots));
    double least = Double.POSITIVE_INFINITY;
    for (int interval = 1; interval <= total; interval++) {
      int saves = (total + interval - 1) / interval;
      if ((interval >= write && saves <= slots) || interval == total) {
        least = Math.min(least, advice.model().overhead(interval).fraction());
      }
    }
    assertTrue(advice.overhead().fraction() <= least * (1 + 1e-12));
    assertTrue(advice.saves().orElseThrow() <= slots);
    assertTrue(advice.peakBytes().orElseThrow() <= 10L * slots);
    assertTrue(advice.seconds() >= write || advice.steps() == total);
  }
}
