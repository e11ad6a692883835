package dev.cairn.benchmarks.report;

import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Compares two result files: how the median of each candidate has changed, whether that is more
 * than the runs of either differ among themselves, and which goals were reached and are no more.
 * Ends with status 1 when something became slower or a goal was lost.
 */
public final class Compare {
  private static final double LEAST_CHANGE = 1.1;

  private Compare() {}

  /** Prints a line for each candidate and each goal that both files have. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: compare OLD/results.json NEW/results.json");
      System.exit(2);
    }
    Tree before = works(Path.of(arguments[0]));
    Tree after = works(Path.of(arguments[1]));
    int worse = 0;
    for (Map.Entry<String, Object> work : after.values().entrySet()) {
      if (before.values().containsKey(work.getKey())) {
        Tree old = before.tree(work.getKey());
        Tree now = Tree.of(work.getValue());
        worse += compare(work.getKey(), old, now) + compareGoals(work.getKey(), old, now);
      }
    }
    System.exit(worse == 0 ? 0 : 1);
  }

  private static Tree works(Path file) throws IOException {
    return Tree.of(Json.parseObject(Files.readAllBytes(file))).tree("works");
  }

  private static int compare(String work, Tree before, Tree after) {
    int slower = 0;
    for (String name : after.tree("candidates").values().keySet()) {
      if (!before.tree("candidates").values().containsKey(name)) {
        continue;
      }
      Tree old = before.tree("candidates").tree(name);
      Tree now = after.tree("candidates").tree(name);
      double ratio = now.number("medianSeconds") / old.number("medianSeconds");
      // Apart: even the fastest run of one is slower than the median of the other.
      boolean isSlower =
          ratio > LEAST_CHANGE
              && Statistics.smallest(now.numbers("seconds")) > old.number("medianSeconds");
      System.out.printf("%-18s %-32s %6.2f x%s%n", work, name, ratio, isSlower ? "  SLOWER" : "");
      slower += isSlower ? 1 : 0;
    }
    return slower;
  }

  private static int compareGoals(String work, Tree before, Tree after) {
    Map<String, Tree> old = new HashMap<>();
    before.trees("goals").forEach(goal -> old.put(goal.text("text"), goal));
    int lost = 0;
    for (Tree goal : after.trees("goals")) {
      Tree same = old.get(goal.text("text"));
      if (same == null || !isMeasured(same) || !isMeasured(goal)) {
        continue;
      }
      boolean isLost = isReached(same) && !isReached(goal);
      System.out.printf(
          "%-18s %s: %.3g, was %.3g%s%n",
          work,
          goal.text("text"),
          goal.number("ofMedians"),
          same.number("ofMedians"),
          isLost ? "  LOST" : "");
      lost += isLost ? 1 : 0;
    }
    return lost;
  }

  private static boolean isMeasured(Tree goal) {
    return goal.values().containsKey("ofMedians");
  }

  private static boolean isReached(Tree goal) {
    boolean hasLimit = !goal.text("direction").equals(Goal.Direction.TOLD.name());
    return hasLimit && Boolean.parseBoolean(goal.text("isReached"));
  }
}
