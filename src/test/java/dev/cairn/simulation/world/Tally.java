package dev.cairn.simulation.world;

import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.scheduling.Phase;
import java.util.EnumMap;
import java.util.Map;

/** How often which fault has struck in which phase. */
public final class Tally {
  private final Map<Phase, Map<FaultKind, Integer>> struck = new EnumMap<>(Phase.class);
  private int cutsInCommit;

  public void add(Phase phase, FaultKind kind) {
    struck
        .computeIfAbsent(phase, key -> new EnumMap<>(FaultKind.class))
        .merge(kind, 1, Integer::sum);
  }

  void cutInCommit() {
    cutsInCommit++;
  }

  public void add(Tally other) {
    other.struck.forEach(
        (phase, kinds) ->
            kinds.forEach(
                (kind, count) ->
                    struck
                        .computeIfAbsent(phase, key -> new EnumMap<>(FaultKind.class))
                        .merge(kind, count, Integer::sum)));
    cutsInCommit += other.cutsInCommit;
  }

  public int count(Phase phase, FaultKind kind) {
    return struck.getOrDefault(phase, Map.of()).getOrDefault(kind, 0);
  }

  public int total() {
    return struck.values().stream()
        .flatMap(kinds -> kinds.values().stream())
        .mapToInt(Integer::intValue)
        .sum();
  }

  /** Returns how often which has struck, in any phase. */
  public Map<FaultKind, Integer> byKind() {
    Map<FaultKind, Integer> sums = new EnumMap<>(FaultKind.class);
    struck.values().forEach(kinds -> kinds.forEach((kind, n) -> sums.merge(kind, n, Integer::sum)));
    return sums;
  }

  /** Returns how many power cuts came while rank 0 was committing. */
  public int cutsInCommit() {
    return cutsInCommit;
  }

  @Override
  public String toString() {
    return struck + ", power cuts inside a commit: " + cutsInCommit;
  }
}
