package dev.cairn.policy;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A training run and how often it is interrupted.
 *
 * @param stepSeconds how long one training step takes without saving, above 0
 * @param totalSteps how many steps the run has, 1 or more; empty if that is open
 * @param ranks how many ranks must all be alive, 1 or more
 * @param rankMtbfHours mean time between failures of one rank, above 0
 */
public record TrainingRun(
    double stepSeconds, OptionalLong totalSteps, long ranks, double rankMtbfHours) {
  private static final double SECONDS_PER_HOUR = 3600;

  /**
   * Checks every value.
   *
   * @param stepSeconds above 0
   * @param totalSteps 1 or more, or empty
   * @param ranks 1 or more
   * @param rankMtbfHours above 0
   * @throws IllegalArgumentException if one is zero, negative, NaN or infinite; the message names
   *     it
   */
  public TrainingRun {
    Amount.requirePositive("stepSeconds", stepSeconds);
    Amount.requirePositive("totalSteps", totalSteps);
    Amount.requirePositive("ranks", ranks);
    Amount.requirePositive("rankMtbfHours", rankMtbfHours);
    Amount.requirePositive("mtbfSeconds", jobMtbfSeconds(rankMtbfHours, ranks));
    totalSteps.ifPresent(steps -> Amount.requirePositive("trainingSeconds", steps * stepSeconds));
  }

  /**
   * Returns the mean time between failures of a job that any rank's failure stops: that of one rank
   * divided by the ranks, as failures of ranks are independent.
   *
   * @param rankMtbfHours mean time between failures of one rank
   * @param ranks how many there are
   * @return seconds
   */
  public static double jobMtbfSeconds(double rankMtbfHours, long ranks) {
    return rankMtbfHours / ranks * SECONDS_PER_HOUR;
  }

  /** {@return the mean time between failures of the whole job, in seconds} */
  public double mtbfSeconds() {
    return jobMtbfSeconds(rankMtbfHours, ranks);
  }

  /** {@return how long the steps alone take, in seconds; empty if their number is open} */
  public OptionalDouble trainingSeconds() {
    return totalSteps.isPresent()
        ? OptionalDouble.of(totalSteps.getAsLong() * stepSeconds)
        : OptionalDouble.empty();
  }

  /** {@return how many failures the run has to expect, T / MTBF; empty if its end is open} */
  public OptionalDouble expectedFailures() {
    OptionalDouble seconds = trainingSeconds();
    return seconds.isPresent()
        ? OptionalDouble.of(seconds.getAsDouble() / mtbfSeconds())
        : OptionalDouble.empty();
  }
}
