package dev.cairn.comm.control;

import java.util.List;
import java.util.stream.Collectors;

/** What messages call ranks. */
public final class RankNames {
  private RankNames() {}

  /** Returns {@code rank 3 of 8}. */
  public static String name(int rank, int size) {
    return "rank %d of %d".formatted(rank, size);
  }

  /** Returns {@code ranks 1, 3 of 8}. */
  static String missing(List<Integer> ranks, int size) {
    return "%s of %d".formatted(listed(ranks), size);
  }

  /** Returns {@code rank 3}, or {@code ranks 1, 3 and 70 more}. */
  static String listed(List<Integer> ranks) {
    String list = ranks.stream().limit(16).map(String::valueOf).collect(Collectors.joining(", "));
    String more = ranks.size() > 16 ? " and %d more".formatted(ranks.size() - 16) : "";
    return "%s %s%s".formatted(ranks.size() == 1 ? "rank" : "ranks", list, more);
  }
}
