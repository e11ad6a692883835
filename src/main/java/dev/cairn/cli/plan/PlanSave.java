package dev.cairn.cli.plan;

import dev.cairn.cli.text.Amounts;
import dev.cairn.policy.SaveCost;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a save takes, and where that is known from.
 *
 * @param cost empty if nothing is known
 * @param origin words for a person; empty if the time until the commit is unknown
 */
record PlanSave(Optional<SaveCost> cost, String origin) {
  /**
   * How fast the disk is.
   *
   * @param bytesPerSecond 1 or more
   * @param isAssumed whether nobody said so
   */
  record Rate(long bytesPerSecond, boolean isAssumed) {}

  /**
   * Returns what was given, or follows from the bytes; a save that is not said to be short stalls.
   */
  static PlanSave of(OptionalLong bytes, Double saveSeconds, Double stallSeconds, Rate rate) {
    if (saveSeconds != null) {
      return new PlanSave(
          cost(stallSeconds == null ? saveSeconds : stallSeconds, saveSeconds),
          "until it is committed");
    }
    if (bytes.isPresent()) {
      double seconds = (double) bytes.getAsLong() / rate.bytesPerSecond();
      String origin =
          Amounts.bytes(bytes.getAsLong()) + " at " + Amounts.bytes(rate.bytesPerSecond()) + "/s";
      return new PlanSave(
          cost(stallSeconds == null ? seconds : stallSeconds, seconds),
          origin + (rate.isAssumed() ? ", an assumption: --disk-rate or --save-seconds" : ""));
    }
    if (stallSeconds != null) {
      return new PlanSave(cost(stallSeconds, 0), "");
    }
    return new PlanSave(Optional.empty(), "");
  }

  private static Optional<SaveCost> cost(double stallSeconds, double writeSeconds) {
    return Optional.of(new SaveCost(stallSeconds, writeSeconds));
  }
}
