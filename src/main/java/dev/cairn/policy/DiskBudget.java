package dev.cairn.policy;

import java.util.OptionalLong;

/**
 * What the checkpoints of a run may take on disk.
 *
 * @param checkpointBytes the size of one checkpoint, 1 or more; empty if unknown
 * @param budgetBytes what all of them together may take, 1 or more; empty for no bound
 * @param keepLast how many are kept, 1 or more; empty if all are
 */
public record DiskBudget(
    OptionalLong checkpointBytes, OptionalLong budgetBytes, OptionalLong keepLast) {
  /**
   * Checks every value, and that the budget holds what has to be there at one time: a new
   * checkpoint is committed before an old one is deleted.
   *
   * @param checkpointBytes 1 or more, or empty
   * @param budgetBytes room for {@code keepLast} checkpoints and one more, or empty
   * @param keepLast 1 or more, or empty
   * @throws IllegalArgumentException if a value is not positive or the budget is too small
   */
  public DiskBudget {
    Amount.requirePositive("checkpointBytes", checkpointBytes);
    Amount.requirePositive("budgetBytes", budgetBytes);
    Amount.requirePositive("keepLast", keepLast);
    if (checkpointBytes.isPresent() && budgetBytes.isPresent()) {
      requireRoom(checkpointBytes.getAsLong(), budgetBytes.getAsLong(), keepLast);
    }
  }

  /** {@return the budget of someone who does not care: size unknown, no bound, all are kept} */
  public static DiskBudget unlimited() {
    return new DiskBudget(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
  }

  private static void requireRoom(long checkpointBytes, long budgetBytes, OptionalLong keepLast) {
    long slots = budgetBytes / checkpointBytes;
    if (slots < 1) {
      throw new IllegalArgumentException(
          "disk budget too small: budgetBytes=%d, expected at least one checkpoint of %d bytes"
              .formatted(budgetBytes, checkpointBytes));
    }
    if (keepLast.isPresent() && keepLast.getAsLong() >= slots) {
      throw new IllegalArgumentException(
          ("disk budget too small: budgetBytes=%d, expected room for keepLast=%d checkpoints of %d"
                  + " bytes and the one that is being written; %s")
              .formatted(
                  budgetBytes,
                  keepLast.getAsLong(),
                  checkpointBytes,
                  slots < 2 ? "give more room" : "keep at most " + (slots - 1)));
    }
  }

  /** {@return how many checkpoints fit at one time; empty if the size or the budget is unknown} */
  public OptionalLong slots() {
    return checkpointBytes.isPresent() && budgetBytes.isPresent()
        ? OptionalLong.of(budgetBytes.getAsLong() / checkpointBytes.getAsLong())
        : OptionalLong.empty();
  }

  /**
   * {@return the shortest interval whose checkpoints all fit, in steps; 1 where the budget sets no
   * bound: old checkpoints are deleted, or the size, the budget or the end of the run is unknown}
   *
   * @param totalSteps the steps of the run
   */
  public long shortestIntervalSteps(OptionalLong totalSteps) {
    OptionalLong slots = slots();
    if (keepLast.isPresent() || slots.isEmpty() || totalSteps.isEmpty()) {
      return 1;
    }
    return ceilDivide(totalSteps.getAsLong(), slots.getAsLong());
  }

  /**
   * {@return the most bytes that are on disk at one time, the checkpoint that is being written
   * included; empty if that is unknown} The last step is saved whatever the interval.
   *
   * @param intervalSteps steps between two saves, 1 or more
   * @param totalSteps the steps of the run
   * @throws IllegalArgumentException if the count of bytes does not fit a long
   */
  public OptionalLong peakBytes(long intervalSteps, OptionalLong totalSteps) {
    if (checkpointBytes.isEmpty() || (totalSteps.isEmpty() && keepLast.isEmpty())) {
      return OptionalLong.empty();
    }
    long saves =
        totalSteps.isPresent() ? ceilDivide(totalSteps.getAsLong(), intervalSteps) : Long.MAX_VALUE;
    long onDisk = keepLast.isPresent() ? Math.min(keepLast.getAsLong(), saves - 1) + 1 : saves;
    return OptionalLong.of(allBytes(onDisk, checkpointBytes.getAsLong()));
  }

  private static long allBytes(long checkpoints, long checkpointBytes) {
    try {
      return Math.multiplyExact(checkpoints, checkpointBytes);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "checkpoints too large: checkpoints=%d, expected together below 2^63 bytes, %d each"
                  .formatted(checkpoints, checkpointBytes)
              + "; keep fewer",
          e);
    }
  }

  static long ceilDivide(long dividend, long divisor) {
    return -Math.floorDiv(-dividend, divisor);
  }
}
