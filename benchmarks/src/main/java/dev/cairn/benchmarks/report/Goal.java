package dev.cairn.benchmarks.report;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Stream;

/**
 * What is aimed at.
 *
 * @param text for a reader
 * @param direction whether the value is to be at least or at most {@code limit}, or is only told
 * @param limit in the value's unit
 * @param value what is compared
 * @param needed the candidates that the value is made from, first the one that it is about; {@code
 *     {files}} in a name stands for how many files that one wrote
 */
public record Goal(
    String text, Direction direction, double limit, Value value, List<String> needed) {
  /** Which side of the limit is good. */
  public enum Direction {
    AT_LEAST,
    AT_MOST,
    TOLD
  }

  /** What is known of each candidate: medians, or the numbers of one round. */
  public interface Numbers {
    /** Returns the seconds that the candidate took. */
    double seconds(String candidate);

    /** Returns the bytes that it moved. */
    long lengthBytes(String candidate);

    /** Returns the most memory that it ever took. */
    long memoryBytes(String candidate);

    /** Returns the most bytes that its rank 0 ever sent. */
    long sentBytes(String candidate);
  }

  /** What a goal compares. */
  public interface Value {
    /** Returns the value. */
    double of(Numbers numbers);
  }

  /** How many times as fast as the slowest of its bounds, each over the bytes of the work. */
  public static Goal speed(String candidate, double atLeast, String... bounds) {
    return new Goal(
        "speed of %s ÷ %s".formatted(candidate, either(bounds)),
        Direction.AT_LEAST,
        atLeast,
        numbers -> slowest(numbers, bounds) / numbers.seconds(candidate),
        needed(candidate, bounds));
  }

  /** How many times as fast as the slower of a bound and the fastest of some others. */
  public static Goal speed(String candidate, double atLeast, List<String> fastestOf, String bound) {
    List<String> needed = new ArrayList<>(List.of(candidate, bound));
    needed.addAll(fastestOf);
    return new Goal(
        "speed of %s ÷ the slower of %s and the faster of %s"
            .formatted(candidate, bound, String.join(" and ", fastestOf)),
        Direction.AT_LEAST,
        atLeast,
        numbers -> {
          double fastest = fastestOf.stream().mapToDouble(numbers::seconds).min().orElseThrow();
          return Math.max(fastest, numbers.seconds(bound)) / numbers.seconds(candidate);
        },
        needed);
  }

  /** How many times as many bytes per second as the bound. */
  public static Goal bytesPerSecond(String candidate, double atLeast, String bound) {
    return new Goal(
        "bytes per second of %s ÷ %s".formatted(candidate, bound),
        Direction.AT_LEAST,
        atLeast,
        numbers ->
            numbers.lengthBytes(candidate)
                / numbers.seconds(candidate)
                / (numbers.lengthBytes(bound) / numbers.seconds(bound)),
        needed(candidate, bound));
  }

  /** How many times as fast as the bound, not counting what another candidate takes. */
  public static Goal speedLess(String candidate, String less, double atLeast, String bound) {
    return new Goal(
        "speed of %s, less %s ÷ %s".formatted(candidate, less, bound),
        Direction.AT_LEAST,
        atLeast,
        numbers -> numbers.seconds(bound) / (numbers.seconds(candidate) - numbers.seconds(less)),
        needed(candidate, less, bound));
  }

  /** Seconds that a candidate may take. */
  public static Goal seconds(String candidate, double atMost) {
    return new Goal(
        "seconds of " + candidate,
        Direction.AT_MOST,
        atMost,
        numbers -> numbers.seconds(candidate),
        needed(candidate));
  }

  /** MiB that a candidate may take. */
  public static Goal mebibytes(String candidate, double atMost) {
    return new Goal(
        "MiB of " + candidate,
        Direction.AT_MOST,
        atMost,
        numbers -> numbers.memoryBytes(candidate) / (double) (1 << 20),
        needed(candidate));
  }

  /**
   * What one of something costs where it costs most, times what it costs where it costs least.
   *
   * @param unit what is counted
   * @param counts how many of them each candidate has
   */
  public static Goal flat(String unit, double atMost, Map<String, Double> counts) {
    return flat("seconds per " + unit, atMost, counts, Numbers::seconds);
  }

  /**
   * What rank 0 sends for one of something where it sends most, times what it sends where it sends
   * least.
   *
   * @param unit what is counted
   * @param counts how many of them each candidate has
   */
  public static Goal flatSent(String unit, double atMost, Map<String, Double> counts) {
    return flat("bytes sent per " + unit, atMost, counts, Numbers::sentBytes);
  }

  private static Goal flat(
      String what,
      double atMost,
      Map<String, Double> counts,
      ToDoubleBiFunction<Numbers, String> measure) {
    List<String> names = List.copyOf(counts.keySet());
    return new Goal(
        "%s of %s, the most ÷ the least".formatted(what, String.join(", ", names)),
        Direction.AT_MOST,
        atMost,
        numbers -> {
          DoubleSummaryStatistics costs =
              names.stream()
                  .mapToDouble(name -> measure.applyAsDouble(numbers, name) / counts.get(name))
                  .summaryStatistics();
          return costs.getMax() / costs.getMin();
        },
        names);
  }

  private static String others(List<String> names) {
    return String.join(", ", names.subList(1, names.size()));
  }

  /** MiB that candidates may take more than the first. */
  public static Goal constantMemory(double atMost, List<String> names) {
    return new Goal(
        "MiB of %s above those of %s, the most".formatted(others(names), names.get(0)),
        Direction.AT_MOST,
        atMost,
        numbers ->
            (names.stream().skip(1).mapToLong(numbers::memoryBytes).max().orElse(0)
                    - numbers.memoryBytes(names.get(0)))
                / (double) (1 << 20),
        names);
  }

  /** Returns the same without a limit: nobody has set one. */
  public Goal told() {
    return new Goal(text, Direction.TOLD, limit, value, needed);
  }

  /** Returns whether a value is on the good side. */
  public boolean isReached(double reached) {
    return direction == Direction.AT_MOST ? reached <= limit : reached >= limit;
  }

  private static double slowest(Numbers numbers, String... bounds) {
    return Stream.of(bounds).mapToDouble(numbers::seconds).max().orElseThrow();
  }

  private static String either(String... bounds) {
    return bounds.length == 1 ? bounds[0] : "the slower of " + String.join(" and ", bounds);
  }

  private static List<String> needed(String candidate, String... others) {
    return Stream.concat(Stream.of(candidate), Stream.of(others)).toList();
  }
}
