package dev.cairn.policy;

import java.util.List;

/**
 * What a {@link CheckpointPolicy} has learned, as plain numbers that can be stored in a checkpoint.
 *
 * @param steps the steps that training has made, 0 or more
 * @param stepNanos the last step times, oldest first
 * @param stallNanos the last stalls, oldest first
 * @param writeNanos the last times until a commit, oldest first
 */
public record PolicyState(
    long steps, List<Long> stepNanos, List<Long> stallNanos, List<Long> writeNanos) {
  /**
   * Copies the lists and checks every value.
   *
   * @throws IllegalArgumentException if one is negative; the message names it
   */
  public PolicyState {
    Amount.requireNotNegative("steps", steps);
    stepNanos = requireTimes("stepNanos", stepNanos);
    stallNanos = requireTimes("stallNanos", stallNanos);
    writeNanos = requireTimes("writeNanos", writeNanos);
  }

  private static List<Long> requireTimes(String name, List<Long> nanos) {
    nanos.forEach(value -> Amount.requireNotNegative(name, value));
    return List.copyOf(nanos);
  }
}
