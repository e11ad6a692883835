package dev.cairn.comm.channel;

import java.time.Duration;
import java.util.Map;

/**
 * How long ranks wait for each other.
 *
 * @param rendezvous until every rank has joined the group; 2 minutes unless set
 * @param operation until every rank has joined a collective that one of them waits in, or has shown
 *     progress towards it; 10 minutes unless set
 * @param peer how long a rank may send no sign of life before it counts as hung; 60 seconds unless
 *     set
 */
public record Timeouts(Duration rendezvous, Duration operation, Duration peer) {
  /**
   * Creates a set of timeouts.
   *
   * @param rendezvous more than nothing
   * @param operation more than nothing
   * @param peer more than nothing
   * @throws IllegalArgumentException if one is not longer than nothing
   */
  public Timeouts {
    check("rendezvous", rendezvous);
    check("operation", operation);
    check("peer", peer);
  }

  private static void check(String name, Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException(
          "timeout too short: %sTimeout=%s, expected more than 0".formatted(name, timeout));
    }
  }

  /**
   * Returns the timeouts that hold unless others are given.
   *
   * @return the values named at each component
   */
  public static Timeouts defaults() {
    return new Timeouts(Duration.ofMinutes(2), Duration.ofMinutes(10), Duration.ofSeconds(60));
  }

  /**
   * Returns the timeouts that these variables set: CAIRN_TIMEOUT_SECONDS (rendezvous),
   * CAIRN_OPERATION_TIMEOUT_SECONDS and CAIRN_PEER_TIMEOUT_SECONDS.
   *
   * @param variables an environment, such as {@link System#getenv()}
   * @return the defaults, changed where a variable is set
   * @throws IllegalArgumentException if one is not a positive number of seconds, naming it
   */
  public static Timeouts fromEnvironment(Map<String, String> variables) {
    Timeouts standard = defaults();
    return new Timeouts(
        seconds(variables, "CAIRN_TIMEOUT_SECONDS", standard.rendezvous),
        seconds(variables, "CAIRN_OPERATION_TIMEOUT_SECONDS", standard.operation),
        seconds(variables, "CAIRN_PEER_TIMEOUT_SECONDS", standard.peer));
  }

  /**
   * Returns what a variable sets.
   *
   * @param variables an environment
   * @param name of the variable
   * @param standard what holds if it is not set
   * @return the duration
   * @throws IllegalArgumentException if it is not a positive number of seconds, naming it
   */
  public static Duration seconds(Map<String, String> variables, String name, Duration standard) {
    String value = variables.get(name);
    if (value == null || value.isBlank()) {
      return standard;
    }
    try {
      double seconds = Double.parseDouble(value.trim());
      if (seconds > 0 && seconds < 1e9) {
        return Duration.ofNanos(Math.round(seconds * 1e9));
      }
    } catch (NumberFormatException notANumber) {
      throw wrong(name, value, notANumber);
    }
    throw wrong(name, value, null);
  }

  private static IllegalArgumentException wrong(String name, String value, Throwable cause) {
    return new IllegalArgumentException(
        "wrong environment variable: %s=%s, expected a number of seconds above 0"
            .formatted(name, value),
        cause);
  }
}
