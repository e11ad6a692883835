package dev.cairn.benchmarks;

import dev.cairn.benchmarks.candidates.Candidate;
import dev.cairn.benchmarks.report.Goal;
import dev.cairn.benchmarks.report.Statistics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What the rounds of one work gave, candidate by candidate. */
final class Result {
  private static final String FILES = "{files}";

  private final Work work;
  private final Map<String, Runs> byName = new LinkedHashMap<>();

  /** The runs of one candidate. */
  private static final class Runs {
    final long lengthBytes;
    final List<Double> seconds = new ArrayList<>();
    String note = "";
    long memoryBytes = -1;
    int files = -1;
    long sentBytes = -1;

    Runs(long lengthBytes) {
      this.lengthBytes = lengthBytes;
    }

    Map<String, Object> tree() {
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("lengthBytes", lengthBytes);
      tree.put("seconds", seconds);
      tree.put("medianSeconds", Statistics.median(seconds));
      if (memoryBytes >= 0) {
        tree.put("memoryBytes", memoryBytes);
      }
      if (files >= 0) {
        tree.put("files", files);
      }
      if (sentBytes >= 0) {
        tree.put("sentBytes", sentBytes);
      }
      if (!note.isEmpty()) {
        tree.put("note", note);
      }
      return tree;
    }
  }

  Result(Work work) {
    this.work = work;
  }

  void add(Work.Start start, Candidate candidate, Candidate.Measured measured) {
    Runs runs = byName.computeIfAbsent(start.name(), name -> new Runs(start.lengthBytes()));
    runs.seconds.add(measured.seconds());
    runs.memoryBytes = Math.max(runs.memoryBytes, measured.memoryBytes());
    runs.files = Math.max(runs.files, measured.files());
    runs.sentBytes = Math.max(runs.sentBytes, measured.sentBytes());
    runs.note = candidate.note();
  }

  /** Returns the seconds of a candidate, round by round. */
  List<Double> seconds(String candidate) {
    return byName.get(candidate).seconds;
  }

  /** Returns the candidates that were measured. */
  Set<String> names() {
    return byName.keySet();
  }

  /** Returns the result as JSON values. */
  Map<String, Object> tree() {
    Map<String, Object> candidates = new LinkedHashMap<>();
    byName.forEach((name, runs) -> candidates.put(name, runs.tree()));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("title", work.title());
    tree.put("candidates", candidates);
    tree.put("goals", work.goals().stream().map(this::tree).toList());
    return tree;
  }

  private Map<String, Object> tree(Goal goal) {
    Runs about = byName.get(goal.needed().get(0));
    String files = about == null || about.files < 0 ? "?" : Integer.toString(about.files);
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("text", goal.text().replace(FILES, files));
    tree.put("direction", goal.direction().name());
    tree.put("limit", goal.limit());
    List<String> needed = goal.needed().stream().map(name -> name.replace(FILES, files)).toList();
    if (byName.keySet().containsAll(needed)) {
      double ofMedians = goal.value().of(numbers(files, runs -> Statistics.median(runs.seconds)));
      double median =
          Statistics.median(
              IntStream.range(0, about.seconds.size())
                  .mapToObj(
                      round -> goal.value().of(numbers(files, runs -> runs.seconds.get(round))))
                  .toList());
      tree.put("ofMedians", ofMedians);
      tree.put("medianOfRounds", median);
      tree.put("isReached", goal.isReached(ofMedians));
      tree.put("isReachedInRounds", goal.isReached(median));
    }
    return tree;
  }

  private Goal.Numbers numbers(String files, ToDoubleFunction<Runs> seconds) {
    return new Goal.Numbers() {
      @Override
      public double seconds(String candidate) {
        return seconds.applyAsDouble(byName.get(candidate.replace(FILES, files)));
      }

      @Override
      public long lengthBytes(String candidate) {
        return byName.get(candidate.replace(FILES, files)).lengthBytes;
      }

      @Override
      public long memoryBytes(String candidate) {
        return byName.get(candidate.replace(FILES, files)).memoryBytes;
      }

      @Override
      public long sentBytes(String candidate) {
        return byName.get(candidate.replace(FILES, files)).sentBytes;
      }
    };
  }
}
