package dev.cairn.example;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What rank 0 said during one start of {@link Train}.
 *
 * @param firstStep the first step it trained
 * @param secondsToBegin from the process's start until training could begin
 * @param steps by number
 * @param saves the steps after which it began to save
 * @param expectedLossSeconds the work that a failure would cost, as the policy predicted at last
 * @param largestLossSeconds and at most
 */
record RunLog(
    long firstStep,
    double secondsToBegin,
    Map<Long, Step> steps,
    List<Long> saves,
    double expectedLossSeconds,
    double largestLossSeconds) {
  private static final Pattern BEGINS = Pattern.compile("begins step=(\\d+) seconds=(\\S+)");
  private static final Pattern STEP =
      Pattern.compile("(?m)^step=(\\d+) loss=(\\S+) weights=(\\S+) seconds=(\\S+)$");
  private static final Pattern SAVES = Pattern.compile("saves step=(\\d+) loss=(\\S+) most=(\\S+)");

  /**
   * One step.
   *
   * @param loss before it, over all ranks
   * @param weights a checksum of what it was computed with
   * @param seconds since the process's start
   */
  record Step(double loss, String weights, double seconds) {
    boolean sawTheSame(Step other) {
      return loss == other.loss && weights.equals(other.weights);
    }
  }

  static RunLog parse(String text) {
    Matcher begins = BEGINS.matcher(text);
    if (!begins.find()) {
      throw new IllegalArgumentException("training did not begin: " + text);
    }
    Map<Long, Step> steps = new TreeMap<>();
    for (Matcher step = STEP.matcher(text); step.find(); ) {
      double loss = Double.parseDouble(step.group(2));
      double seconds = Double.parseDouble(step.group(4));
      steps.put(Long.parseLong(step.group(1)), new Step(loss, step.group(3), seconds));
    }
    List<Long> saves = new ArrayList<>();
    double expected = 0;
    double largest = 0;
    for (Matcher save = SAVES.matcher(text); save.find(); ) {
      saves.add(Long.parseLong(save.group(1)));
      expected = Double.parseDouble(save.group(2));
      largest = Double.parseDouble(save.group(3));
    }
    long first = Long.parseLong(begins.group(1));
    double begun = Double.parseDouble(begins.group(2));
    return new RunLog(first, begun, steps, saves, expected, largest);
  }

  long lastStep() {
    return firstStep + steps.size() - 1;
  }

  /** Returns the save before the last, after which at most one can have been under way. */
  long lastSaveThatWasDone() {
    return saves.size() < 2 ? firstStep - 1 : saves.get(saves.size() - 2);
  }

  /** Returns the seconds of the steps after {@code step}. */
  double secondsAfter(long step) {
    double from = steps.containsKey(step) ? steps.get(step).seconds() : secondsToBegin;
    return step >= lastStep() ? 0 : steps.get(lastStep()).seconds() - from;
  }
}
