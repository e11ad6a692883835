package dev.cairn.policy;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What a {@link CheckpointPolicy} cannot measure. Immutable.
 *
 * @param mtbfSeconds mean time between failures of the whole job, above 0; see {@link
 *     TrainingRun#jobMtbfSeconds}
 * @param totalSteps after how many steps training ends, 1 or more: that step is saved whatever the
 *     interval; empty if it is open
 * @param stallSeconds what a save is expected to cost until one has been measured, 0 or more; empty
 *     if unknown
 * @param firstSaveSteps when {@code stallSeconds} is unknown, after how many steps the first save
 *     is taken, 1 or more: early, as it measures what saves cost and shows that they work
 */
public record PolicyOptions(
    double mtbfSeconds, OptionalLong totalSteps, OptionalDouble stallSeconds, long firstSaveSteps) {
  private static final long FIRST_SAVE_STEPS = 10;

  /**
   * Checks every value.
   *
   * @param mtbfSeconds above 0
   * @param totalSteps 1 or more, or empty
   * @param stallSeconds 0 or more, or empty
   * @param firstSaveSteps 1 or more
   * @throws IllegalArgumentException if one is out of range; the message names it
   */
  public PolicyOptions {
    Amount.requirePositive("mtbfSeconds", mtbfSeconds);
    Amount.requirePositive("totalSteps", totalSteps);
    stallSeconds.ifPresent(seconds -> Amount.requireNotNegative("stallSeconds", seconds));
    Amount.requirePositive("firstSaveSteps", firstSaveSteps);
  }

  /**
   * {@return options for a job that fails that often, of open end and with unknown save costs}
   *
   * @param mtbfSeconds mean time between failures of the whole job, above 0; see {@link
   *     TrainingRun#jobMtbfSeconds}
   */
  public static PolicyOptions ofMtbfSeconds(double mtbfSeconds) {
    return new PolicyOptions(
        mtbfSeconds, OptionalLong.empty(), OptionalDouble.empty(), FIRST_SAVE_STEPS);
  }

  /**
   * {@return the same options for a run that ends after {@code steps} steps}
   *
   * @param steps of the whole run, 1 or more, those before a resume included
   */
  public PolicyOptions withTotalSteps(long steps) {
    return new PolicyOptions(mtbfSeconds, OptionalLong.of(steps), stallSeconds, firstSaveSteps);
  }

  /**
   * {@return the same options with the expected cost of a save}
   *
   * @param seconds that training stands still for a save, 0 or more
   */
  public PolicyOptions withStallSeconds(double seconds) {
    return new PolicyOptions(mtbfSeconds, totalSteps, OptionalDouble.of(seconds), firstSaveSteps);
  }

  /**
   * {@return the same options with another moment of the first save}
   *
   * @param steps after how many the first save is taken, 1 or more; counts only where its cost is
   *     unknown
   */
  public PolicyOptions withFirstSaveSteps(long steps) {
    return new PolicyOptions(mtbfSeconds, totalSteps, stallSeconds, steps);
  }
}
