package dev.cairn.policy;

import java.util.OptionalDouble;

/**
 * What an interval between saves costs in expectation.
 *
 * <p>With total steps n, seconds per step s, stall C per save and mean time M between failures, a
 * run that saves every N steps takes
 *
 * <pre>E(N) = n·s + (n·s / M)·(N / 2)·s + (n / N)·C</pre>
 *
 * <p>that is the steps, half an interval again per expected failure, and the saves. Failures are
 * counted, not turned into a probability: a long run has many. The minimum is where N·s = √(2·C·M).
 * Restarting costs the same whatever the interval and is left out; so are failures during the time
 * that is lost, which makes it good for C much smaller than M only. Pure; any thread.
 *
 * @param run what is trained, and how often it fails
 * @param save what a save costs
 * @see <a href="https://doi.org/10.1145/361147.361115">Young, A first order approximation to the
 *     optimum checkpoint interval</a>
 * @see <a href="https://doi.org/10.1016/j.future.2004.11.016">Daly, A higher order estimate of the
 *     optimum checkpoint interval for restart dumps</a>
 */
public record CostModel(TrainingRun run, SaveCost save) {
  /**
   * Returns the interval that costs least, √(2·C·M).
   *
   * @param stallSeconds what a save costs, 0 or more
   * @param mtbfSeconds mean time between failures of the job, above 0
   * @return seconds of training between two saves
   * @throws IllegalArgumentException if a value is out of range
   */
  public static double optimumSeconds(double stallSeconds, double mtbfSeconds) {
    Amount.requireNotNegative("stallSeconds", stallSeconds);
    Amount.requirePositive("mtbfSeconds", mtbfSeconds);
    // Two roots: the product of large values would be infinite.
    return Math.sqrt(2) * Math.sqrt(stallSeconds) * Math.sqrt(mtbfSeconds);
  }

  /** {@return the interval that costs least in steps, not rounded} */
  public double optimumSteps() {
    return optimumSeconds(save.stallSeconds(), run.mtbfSeconds()) / run.stepSeconds();
  }

  /**
   * {@return the whole number of steps that costs least, 1 or more} The cost is convex: it is one
   * of the two neighbours of {@link #optimumSteps}.
   */
  public long optimumWholeSteps() {
    double optimum = optimumSteps();
    long below = Math.max(1, (long) Math.floor(optimum));
    long above = below == Long.MAX_VALUE ? below : below + 1;
    return optimum <= below
            || overhead((double) below).fraction() <= overhead((double) above).fraction()
        ? below
        : above;
  }

  /**
   * {@return what saving every {@code intervalSteps} steps costs beside the training itself}
   *
   * @param intervalSteps above 0, whole or not
   * @throws IllegalArgumentException if it is not a finite number above 0
   */
  public Overhead overhead(double intervalSteps) {
    double seconds = Amount.requirePositive("intervalSteps", intervalSteps) * run.stepSeconds();
    return new Overhead(
        intervalSteps, seconds / (2 * run.mtbfSeconds()), save.stallSeconds() / seconds);
  }

  /**
   * {@return E(N) in seconds; empty if the number of steps is open}
   *
   * @param intervalSteps above 0, whole or not
   */
  public OptionalDouble expectedSeconds(double intervalSteps) {
    OptionalDouble training = run.trainingSeconds();
    return training.isPresent()
        ? OptionalDouble.of(training.getAsDouble() * (1 + overhead(intervalSteps).fraction()))
        : OptionalDouble.empty();
  }

  /**
   * Returns the interval, in steps, of the same model with the probability P = 1 − e^(−T/M) that
   * the run fails at all in place of the expected number of failures: √(2·n·C / (P·s)).
   *
   * <p>As P is 1 at most, it counts one failure where many come, and is too long by √((T/M) / P):
   * for 54 days at 3 hours between failures 21 times.
   *
   * @return steps, not rounded; empty if the number of steps is open
   */
  public OptionalDouble singleFailureSteps() {
    OptionalDouble failures = run.expectedFailures();
    if (failures.isEmpty()) {
      return OptionalDouble.empty();
    }
    double expected = failures.getAsDouble();
    double probability = -Math.expm1(-expected);
    return OptionalDouble.of(optimumSteps() * Math.sqrt(expected / probability));
  }
}
