package dev.cairn.simulation.history;

import dev.cairn.simulation.scheduling.Phase;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Which fault can strike in which phase. What is not here cannot happen: no phase but these opens a
 * file, say, and nothing is forced where nothing is written.
 */
public final class Cells {
  private static final Map<Phase, List<FaultKind>> KINDS = new EnumMap<>(Phase.class);

  private Cells() {}

  static {
    add(Phase.SNAPSHOT, FaultKind.NO_THREAD);
    add(Phase.PLAN);
    add(
        Phase.PREPARE,
        FaultKind.OPEN_FAILS,
        FaultKind.WRITE_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.FOLDER_FAILS,
        FaultKind.LIST_FAILS,
        FaultKind.FIND_FAILS,
        FaultKind.FORCE_FAILS,
        FaultKind.OPEN_LATE,
        FaultKind.WRITE_LATE,
        FaultKind.CLOSE_LATE,
        FaultKind.LIST_LATE,
        FaultKind.FORCE_LATE,
        FaultKind.NO_THREAD);
    add(
        Phase.COPY,
        FaultKind.OPEN_FAILS,
        FaultKind.WRITE_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.OPEN_LATE,
        FaultKind.WRITE_LATE,
        FaultKind.CLOSE_LATE,
        FaultKind.NO_THREAD);
    add(
        Phase.FORCE,
        FaultKind.FORCE_FAILS,
        FaultKind.FORCE_LATE,
        FaultKind.CLOSE_FAILS,
        FaultKind.CLOSE_LATE);
    add(
        Phase.COMMIT,
        FaultKind.OPEN_FAILS,
        FaultKind.WRITE_FAILS,
        FaultKind.FORCE_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.RENAME_FAILS,
        FaultKind.EXCHANGE_FAILS,
        FaultKind.DELETE_FAILS,
        FaultKind.LIST_FAILS,
        FaultKind.FIND_FAILS,
        FaultKind.OPEN_LATE,
        FaultKind.WRITE_LATE,
        FaultKind.FORCE_LATE,
        FaultKind.CLOSE_LATE,
        FaultKind.RENAME_LATE,
        FaultKind.EXCHANGE_LATE,
        FaultKind.LIST_LATE);
    add(
        Phase.RETAIN,
        FaultKind.LIST_FAILS,
        FaultKind.FIND_FAILS,
        FaultKind.RENAME_FAILS,
        FaultKind.DELETE_FAILS,
        FaultKind.OPEN_FAILS,
        FaultKind.READ_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.LIST_LATE,
        FaultKind.RENAME_LATE,
        FaultKind.READ_LATE);
    add(
        Phase.LATEST,
        FaultKind.LIST_FAILS,
        FaultKind.FIND_FAILS,
        FaultKind.OPEN_FAILS,
        FaultKind.READ_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.LIST_LATE,
        FaultKind.OPEN_LATE,
        FaultKind.READ_LATE,
        FaultKind.CLOSE_LATE);
    add(
        Phase.RESTORE,
        FaultKind.OPEN_FAILS,
        FaultKind.READ_FAILS,
        FaultKind.CLOSE_FAILS,
        FaultKind.OPEN_LATE,
        FaultKind.READ_LATE,
        FaultKind.CLOSE_LATE,
        FaultKind.NO_THREAD);
    add(
        Phase.PRUNE,
        FaultKind.LIST_FAILS,
        FaultKind.FIND_FAILS,
        FaultKind.RENAME_FAILS,
        FaultKind.DELETE_FAILS,
        FaultKind.OPEN_FAILS,
        FaultKind.READ_FAILS,
        FaultKind.LIST_LATE,
        FaultKind.RENAME_LATE);
  }

  private static void add(Phase phase, FaultKind... more) {
    List<FaultKind> kinds =
        new ArrayList<>(
            List.of(FaultKind.RANK_DIES, FaultKind.POWER_CUT, FaultKind.SECOND_PROCESS));
    kinds.addAll(List.of(more));
    KINDS.put(phase, List.copyOf(kinds));
  }

  public static Map<Phase, List<FaultKind>> all() {
    return KINDS;
  }

  /** Returns whether only rank 0 does this in the phase. */
  static boolean isRankZeros(Phase phase, FaultKind kind) {
    if (kind.isOfAnyStep()) {
      return phase == Phase.RETAIN || phase == Phase.PRUNE;
    }
    return switch (phase) {
      case PREPARE -> kind != FaultKind.LIST_FAILS && kind != FaultKind.LIST_LATE;
      case COMMIT, RETAIN, LATEST, PRUNE -> true;
      default -> false;
    };
  }
}
