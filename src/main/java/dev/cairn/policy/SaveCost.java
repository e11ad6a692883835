package dev.cairn.policy;

/**
 * What one save takes.
 *
 * @param stallSeconds how long training stands still, 0 or more
 * @param writeSeconds how long the save takes until it is committed, most of it perhaps in the
 *     background; 0 if that is unknown
 */
public record SaveCost(double stallSeconds, double writeSeconds) {
  /**
   * Checks both values.
   *
   * @param stallSeconds 0 or more
   * @param writeSeconds 0 or more
   * @throws IllegalArgumentException if one is negative, NaN or infinite; the message names it
   */
  public SaveCost {
    Amount.requireNotNegative("stallSeconds", stallSeconds);
    Amount.requireNotNegative("writeSeconds", writeSeconds);
  }
}
