package dev.cairn.benchmarks;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A speed that is aimed at: the candidate is to be at least so many times as fast as the slowest of
 * its bounds in the same round.
 *
 * @param candidate whose speed it is
 * @param bounds names of candidates of the same work
 * @param ratio speed of the candidate divided by that of the bound
 */
record Goal(String candidate, List<String> bounds, double ratio) {
  /** Returns a goal against one bound. */
  static Goal of(String candidate, double ratio, String bound) {
    return new Goal(candidate, List.of(bound), ratio);
  }

  /** Returns whether everything that it compares was measured. */
  boolean isMeasured(Map<String, List<Double>> seconds) {
    return seconds.containsKey(candidate) && seconds.keySet().containsAll(bounds);
  }

  /** Returns the median over the rounds of the ratio within a round. */
  double reached(Map<String, List<Double>> seconds) {
    List<Double> own = seconds.get(candidate);
    return Statistics.median(
        IntStream.range(0, own.size())
            .mapToObj(round -> slowestBound(seconds, round) / own.get(round))
            .toList());
  }

  private double slowestBound(Map<String, List<Double>> seconds, int round) {
    return bounds.stream().mapToDouble(bound -> seconds.get(bound).get(round)).max().orElseThrow();
  }
}
