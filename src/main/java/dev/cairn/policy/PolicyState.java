package dev.cairn.policy;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
   * @param steps 0 or more
   * @param stepNanos each 0 or more; may change afterwards
   * @param stallNanos each 0 or more; may change afterwards
   * @param writeNanos each 0 or more; may change afterwards
   * @throws IllegalArgumentException if one is negative; the message names it
   */
  public PolicyState {
    Amount.requireNotNegative("steps", steps);
    stepNanos = requireTimes("stepNanos", stepNanos);
    stallNanos = requireTimes("stallNanos", stallNanos);
    writeNanos = requireTimes("writeNanos", writeNanos);
  }

  /** {@return this as one line of text, to be stored in a checkpoint; {@link #parse} reads it} */
  public String encode() {
    return Stream.of(List.of(steps), stepNanos, stallNanos, writeNanos)
        .map(times -> times.stream().map(Object::toString).collect(Collectors.joining(",")))
        .collect(Collectors.joining(" ", "", " "));
  }

  /**
   * {@return what {@link #encode} has written}
   *
   * @param text one line
   * @throws IllegalArgumentException if it is something else
   */
  public static PolicyState parse(String text) {
    String[] parts = text.split(" ", -1);
    if (parts.length != 5 || parts[0].isEmpty()) {
      throw new IllegalArgumentException("no state of a policy: text=" + text);
    }
    return new PolicyState(
        Long.parseLong(parts[0]), times(parts[1]), times(parts[2]), times(parts[3]));
  }

  private static List<Long> times(String text) {
    return text.isEmpty() ? List.of() : Stream.of(text.split(",")).map(Long::valueOf).toList();
  }

  private static List<Long> requireTimes(String name, List<Long> nanos) {
    nanos.forEach(value -> Amount.requireNotNegative(name, value));
    return List.copyOf(nanos);
  }
}
