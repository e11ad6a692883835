package dev.cairn.policy;

import static dev.cairn.policy.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalDouble;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CostModelTest {
  private static final double EXACT = 1e-12;

  private static CostModel model(double step, long total, double mtbfHours, double stall) {
    return new CostModel(
        new TrainingRun(step, OptionalLong.of(total), 1, mtbfHours), new SaveCost(stall, 0));
  }

  /** E(N) written down once more, term by term. */
  private static double expectedSeconds(double s, long n, double mtbf, double c, long interval) {
    double training = n * s;
    double failures = training / mtbf;
    return training + failures * (interval / 2.0) * s + ((double) n / interval) * c;
  }

  @Property
  void closedFormCostsWhatTheBestOfAllIntervalsCosts(
      @ForAll @DoubleRange(min = 0.01, max = 100) double step,
      @ForAll @IntRange(min = 1, max = 4000) int total,
      @ForAll @DoubleRange(min = 0.01, max = 1000) double mtbfHours,
      @ForAll @DoubleRange(min = 0, max = 1000) double stall) {
    double mtbf = mtbfHours * 3600;
    double least = Double.POSITIVE_INFINITY;
    for (long interval = 1; interval <= total; interval++) {
      least = Math.min(least, expectedSeconds(step, total, mtbf, stall, interval));
    }
    long best = Math.min(total, model(step, total, mtbfHours, stall).optimumWholeSteps());
    double cost = expectedSeconds(step, total, mtbf, stall, best);
    assertTrue(cost <= least * (1 + EXACT), () -> "interval=" + best + ", cost=" + cost);
  }

  @Property
  void expectedSecondsAreTheSumOfTheTerms(
      @ForAll @DoubleRange(min = 0.01, max = 100) double step,
      @ForAll @IntRange(min = 1, max = 4000) int total,
      @ForAll @IntRange(min = 1, max = 4000) int interval) {
    double expected = expectedSeconds(step, total, 7200, 3, interval);
    double actual = model(step, total, 2, 3).expectedSeconds(interval).orElseThrow();
    assertEquals(expected, actual, expected * EXACT);
  }

  @ParameterizedTest
  @CsvSource({"1, 10, 2, 379", "1, 40, 3, 930", "0.5, 1, 24, 831"})
  void optimumIsThatOfYoungAndDaly(double step, double stall, double hours, long steps) {
    CostModel model = model(step, 1_000_000, hours, stall);
    assertEquals(Math.sqrt(2 * stall * hours * 3600) / step, model.optimumSteps(), 1e-6);
    assertEquals(steps, model.optimumWholeSteps());
  }

  @Test
  void halfAndDoubleOfTheOptimumCostAQuarterMore() {
    CostModel model = model(1, 1_000_000, 2, 10);
    double optimum = model.optimumSteps();
    double least = model.overhead(optimum).fraction();
    assertEquals(1.25 * least, model.overhead(optimum / 2).fraction(), EXACT);
    assertEquals(1.25 * least, model.overhead(optimum * 2).fraction(), EXACT);
  }

  @Test
  void lostWorkAndStallAreEqualAtTheOptimum() {
    CostModel model = model(1, 1_000_000, 2, 10);
    Overhead overhead = model.overhead(model.optimumSteps());
    assertEquals(overhead.lostFraction(), overhead.stallFraction(), EXACT);
  }

  @Test
  void probabilityInPlaceOfCountIs21TimesTooLongAfter54DaysAt3Hours() {
    long steps = 54L * 24 * 3600;
    CostModel model = model(1, steps, 3, 30);
    assertEquals(432, model.run().expectedFailures().orElseThrow(), EXACT * 432);
    double ratio = model.singleFailureSteps().orElseThrow() / model.optimumSteps();
    assertEquals(Math.sqrt(432), ratio, 1e-9);
    assertEquals(21, Math.round(ratio));
  }

  @Test
  void probabilityInPlaceOfCountIsTheMinimumOfTheSeedsFormula() {
    CostModel model = model(2, 5000, 4, 30);
    double probability = 1 - Math.exp(-10_000 / (4 * 3600.0));
    double least = Double.POSITIVE_INFINITY;
    long best = 0;
    for (long interval = 1; interval <= 5000; interval++) {
      double cost = 10_000 + probability * (interval / 2.0) * 2 + (5000.0 / interval) * 30;
      if (cost < least) {
        least = cost;
        best = interval;
      }
    }
    assertEquals((double) best, model.singleFailureSteps().orElseThrow(), 0.6);
  }

  @Test
  void probabilityAndCountAgreeForARunThatHardlyEverFails() {
    CostModel model = model(1, 100, 1_000_000, 5);
    double ratio = model.singleFailureSteps().orElseThrow() / model.optimumSteps();
    assertEquals(1, ratio, 1e-6);
  }

  @Test
  void openRunHasNoTotals() {
    CostModel model =
        new CostModel(new TrainingRun(1, OptionalLong.empty(), 1, 3), new SaveCost(5, 0));
    assertEquals(OptionalDouble.empty(), model.expectedSeconds(10));
    assertEquals(OptionalDouble.empty(), model.singleFailureSteps());
    assertEquals(OptionalDouble.empty(), model.run().expectedFailures());
  }

  @Test
  void jobFailsAsOftenAsAllItsRanksTogether() {
    TrainingRun run = new TrainingRun(1, OptionalLong.empty(), 16_384, 49_152);
    assertEquals(3 * 3600, run.mtbfSeconds(), EXACT);
  }

  @Test
  void freeSavesAreTakenAtEveryStep() {
    assertEquals(1, model(1, 100, 3, 0).optimumWholeSteps());
  }

  @Test
  void largeValuesDoNotOverflow() {
    assertEquals(Math.sqrt(2) * 1e300, CostModel.optimumSeconds(1e300, 1e300), 1e290);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void whatIsNotPositiveIsRefused(double value) {
    String tail = "=" + value + ", expected a finite number above 0";
    OptionalLong open = OptionalLong.empty();
    assertRefused(
        "value out of range: stepSeconds" + tail, () -> new TrainingRun(value, open, 1, 1));
    assertRefused(
        "value out of range: rankMtbfHours" + tail, () -> new TrainingRun(1, open, 1, value));
    assertRefused(
        "value out of range: mtbfSeconds" + tail, () -> CostModel.optimumSeconds(1, value));
    assertRefused(
        "value out of range: intervalSteps" + tail, () -> model(1, 1, 1, 1).overhead(value));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.5, Double.NaN, Double.POSITIVE_INFINITY})
  void whatIsNegativeIsRefused(double value) {
    String tail = "=" + value + ", expected a finite number, 0 or more";
    assertRefused("value out of range: stallSeconds" + tail, () -> new SaveCost(value, 0));
    assertRefused("value out of range: writeSeconds" + tail, () -> new SaveCost(0, value));
    assertRefused(
        "value out of range: stallSeconds" + tail, () -> CostModel.optimumSeconds(value, 1));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void countsBelowOneAreRefused(long value) {
    String tail = "=" + value + ", expected 1 or more";
    assertRefused(
        "value out of range: totalSteps" + tail,
        () -> new TrainingRun(1, OptionalLong.of(value), 1, 1));
    assertRefused(
        "value out of range: ranks" + tail,
        () -> new TrainingRun(1, OptionalLong.empty(), value, 1));
  }

  @Test
  void aRunWithoutEndInSecondsIsRefused() {
    assertRefused(
        "value out of range: trainingSeconds=Infinity, expected a finite number above 0",
        () -> new TrainingRun(1e300, OptionalLong.of(1_000_000_000), 1, 1));
    assertRefused(
        "value out of range: mtbfSeconds=Infinity, expected a finite number above 0",
        () -> new TrainingRun(1, OptionalLong.empty(), 1, 1e306));
  }
}
