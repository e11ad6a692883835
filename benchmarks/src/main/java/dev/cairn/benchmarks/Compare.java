package dev.cairn.benchmarks;

import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Compares two result files: how the median of each candidate has changed, and whether that is more
 * than the runs of either differ among themselves. Ends with status 1 when something became slower.
 */
public final class Compare {
  private static final double LEAST_CHANGE = 1.1;

  private Compare() {}

  /** Prints a line for each candidate that both files have. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: compare OLD/results.json NEW/results.json");
      System.exit(2);
    }
    Tree before = works(Path.of(arguments[0]));
    Tree after = works(Path.of(arguments[1]));
    int slower = 0;
    for (Map.Entry<String, Object> work : after.values().entrySet()) {
      if (before.values().containsKey(work.getKey())) {
        slower += compare(work.getKey(), before.tree(work.getKey()), Tree.of(work.getValue()));
      }
    }
    System.exit(slower == 0 ? 0 : 1);
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
      System.out.printf("%-14s %-28s %6.2f x%s%n", work, name, ratio, isSlower ? "  SLOWER" : "");
      slower += isSlower ? 1 : 0;
    }
    return slower;
  }
}
