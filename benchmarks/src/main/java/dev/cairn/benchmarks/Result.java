package dev.cairn.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the rounds of one work gave, candidate by candidate. */
final class Result {
  private final Work work;
  private final Map<String, List<Double>> seconds = new LinkedHashMap<>();
  private final Map<String, Long> growthBytes = new LinkedHashMap<>();

  Result(Work work) {
    this.work = work;
  }

  void add(String candidate, Candidate.Measured measured) {
    seconds.computeIfAbsent(candidate, name -> new ArrayList<>()).add(measured.seconds());
    growthBytes.merge(candidate, measured.growthBytes(), Math::max);
  }

  Map<String, List<Double>> seconds() {
    return seconds;
  }

  /** Returns the result as JSON values. */
  Map<String, Object> tree() {
    Map<String, Object> candidates = new LinkedHashMap<>();
    seconds.forEach(
        (name, values) -> {
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("seconds", values);
          one.put("medianSeconds", Statistics.median(values));
          if (growthBytes.get(name) >= 0) {
            one.put("memoryBytes", growthBytes.get(name));
          }
          candidates.put(name, one);
        });
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("title", work.title());
    tree.put("lengthBytes", work.lengthBytes());
    tree.put("candidates", candidates);
    tree.put(
        "goals",
        work.goals().stream().filter(goal -> goal.isMeasured(seconds)).map(this::tree).toList());
    return tree;
  }

  private Map<String, Object> tree(Goal goal) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("candidate", goal.candidate());
    tree.put("bounds", goal.bounds());
    tree.put("ratio", goal.ratio());
    tree.put("reached", goal.reached(seconds));
    return tree;
  }
}
