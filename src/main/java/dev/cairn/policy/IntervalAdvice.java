package dev.cairn.policy;

import java.util.OptionalLong;

/**
 * How often to save, and why. Pure; any thread.
 *
 * @param model the expected costs that it follows from
 * @param disk what the checkpoints may take
 * @param steps steps between two saves, 1 or more, at most the steps of the run
 * @param limit what decided it
 */
public record IntervalAdvice(CostModel model, DiskBudget disk, long steps, IntervalLimit limit) {
  /**
   * {@return the advice for a run: the cost optimum, within what the limits allow}
   *
   * @param model what saves and failures cost
   * @param disk what the checkpoints may take; bounds the interval from below
   */
  public static IntervalAdvice of(CostModel model, DiskBudget disk) {
    OptionalLong total = model.run().totalSteps();
    long steps = model.optimumWholeSteps();
    IntervalLimit limit =
        model.optimumSteps() < 1 ? IntervalLimit.ONE_STEP : IntervalLimit.COST_OPTIMUM;
    long writeSteps = (long) Math.ceil(model.save().writeSeconds() / model.run().stepSeconds());
    if (writeSteps > steps) {
      steps = writeSteps;
      limit = IntervalLimit.BACKGROUND_WRITE;
    }
    long diskSteps = disk.shortestIntervalSteps(total);
    if (diskSteps > steps) {
      steps = diskSteps;
      limit = IntervalLimit.DISK_BUDGET;
    }
    if (total.isPresent() && total.getAsLong() < steps) {
      steps = total.getAsLong();
      limit = IntervalLimit.TOTAL_STEPS;
    }
    return new IntervalAdvice(model, disk, steps, limit);
  }

  /** {@return the training time between two saves in seconds} */
  public double seconds() {
    return steps * model.run().stepSeconds();
  }

  /** {@return what the advised interval costs} */
  public Overhead overhead() {
    return model.overhead((double) steps);
  }

  /** {@return what half of the interval would cost, possible or not} */
  public Overhead overheadAtHalf() {
    return model.overhead(steps / 2.0);
  }

  /** {@return what the double of the interval would cost, possible or not} */
  public Overhead overheadAtDouble() {
    return model.overhead(steps * 2.0);
  }

  /** {@return how many saves the run makes, the one at its end included; empty if that is open} */
  public OptionalLong saves() {
    OptionalLong total = model.run().totalSteps();
    return total.isPresent()
        ? OptionalLong.of(DiskBudget.ceilDivide(total.getAsLong(), steps))
        : OptionalLong.empty();
  }

  /** {@return the most bytes of checkpoints at one time; empty if that is unknown} */
  public OptionalLong peakBytes() {
    return disk.peakBytes(steps, model.run().totalSteps());
  }
}
