package dev.cairn.policy;

/**
 * What an interval between saves costs, in parts of the time that the steps alone take.
 *
 * @param intervalSteps steps between two saves
 * @param lostFraction steps that are done again after failures
 * @param stallFraction time in which training stands still for saves
 */
public record Overhead(double intervalSteps, double lostFraction, double stallFraction) {
  /** {@return both together, 0 or more: 0.01 is one percent of the time that the steps take} */
  public double fraction() {
    return lostFraction + stallFraction;
  }
}
