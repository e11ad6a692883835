package dev.cairn.simulation.history;

import dev.cairn.simulation.scheduling.Phase;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Draws the calls of a history; steps and slots go on from one job to the next. */
final class CallGenerator {
  /** Stamps of calls that only one rank makes. */
  private static final int OTHER_STAMPS = 128;

  private static final long OTHER_STEPS = 1000;

  private static final Set<FaultKind> OF_OLD_ONES =
      EnumSet.of(
          FaultKind.RENAME_FAILS,
          FaultKind.RENAME_LATE,
          FaultKind.DELETE_FAILS,
          FaultKind.EXCHANGE_FAILS,
          FaultKind.EXCHANGE_LATE);

  private static final CallKind[] KINDS = {
    CallKind.SAVE, CallKind.SAVE_ASYNC, CallKind.LATEST, CallKind.RESTORE
  };

  private final SplittableRandom random;
  private final List<Long> steps = new ArrayList<>();
  private final Set<Long> ownSteps = new HashSet<>();
  private boolean ranksDiffer;
  private int slots;
  private long step = 1;

  CallGenerator(SplittableRandom random) {
    this.random = random;
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  /** Begins a job, in which a rank may make another call than the others, and returns no calls. */
  List<List<Call>> begin(int ranks, boolean mayDiffer) {
    ranksDiffer = mayDiffer;
    ownSteps.clear();
    List<List<Call>> byRank = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      byRank.add(new ArrayList<>());
    }
    return byRank;
  }

  /** Adds the same call to all ranks. */
  Call addToAll(List<List<Call>> byRank, CallKind kind) {
    Call call = of(kind, false);
    byRank.forEach(own -> own.add(call));
    return call;
  }

  /** Adds a call of any kind, which one of the ranks may get wrong. */
  void addAny(List<List<Call>> byRank) {
    int drawn = random.nextInt(100);
    CallKind kind =
        drawn < 65
            ? anySave()
            : drawn < 75
                ? CallKind.LATEST
                : drawn < 90 ? CallKind.RESTORE : drawn < 95 ? CallKind.RESERVE : CallKind.PRUNE;
    add(byRank, of(kind, chance(30)));
  }

  private CallKind anySave() {
    int drawn = random.nextInt(100);
    return drawn < 40
        ? CallKind.SAVE
        : drawn < 62
            ? CallKind.SAVE_ASYNC
            : drawn < 70
                ? CallKind.BEGIN_SAVE
                : drawn < 78
                    ? CallKind.SAVE_LAST
                    : drawn < 84
                        ? CallKind.SAVE_FOLDER
                        : drawn < 92 ? CallKind.SINGLE_FILE : CallKind.ADAPTER;
  }

  /** Adds the calls in the last of which this fault can strike in this phase. */
  Call addFor(List<List<Call>> byRank, Phase phase, FaultKind kind) {
    return switch (phase) {
      case SNAPSHOT -> addToAll(byRank, chance(50) ? CallKind.SAVE_ASYNC : CallKind.BEGIN_SAVE);
      case LATEST -> addAfterSaves(byRank, steps.isEmpty() ? 1 : 0, CallKind.LATEST);
      case RESTORE -> addAfterSaves(byRank, steps.isEmpty() ? 1 : 0, CallKind.RESTORE);
      case PRUNE -> addAfterSaves(byRank, 3, CallKind.PRUNE);
      case RETAIN -> addAfterSaves(byRank, 2, CallKind.SAVE);
      default -> addSave(byRank, phase == Phase.COMMIT && OF_OLD_ONES.contains(kind));
    };
  }

  private Call addSave(List<List<Call>> byRank, boolean replaces) {
    if (!replaces) {
      return addToAll(byRank, anySave());
    }
    if (steps.isEmpty()) {
      addToAll(byRank, CallKind.SAVE);
    }
    Call call = of(CallKind.SAVE, true);
    byRank.forEach(own -> own.add(call));
    return call;
  }

  private Call addAfterSaves(List<List<Call>> byRank, int saves, CallKind kind) {
    for (int index = 0; index < saves; index++) {
      addToAll(byRank, CallKind.SAVE);
    }
    return addToAll(byRank, kind);
  }

  private Call of(CallKind kind, boolean mayReplace) {
    int slot = slots++;
    long own = kind.isSave() ? step(kind, mayReplace) : 0;
    return new Call(slot, kind, own, slot + 1, kind.isInBackground() && chance(50), false);
  }

  /** Returns the next step, or one that there is already. */
  private long step(CallKind kind, boolean mayReplace) {
    if (mayReplace && kind != CallKind.SAVE_FOLDER && !steps.isEmpty()) {
      long again = steps.get(random.nextInt(steps.size()));
      // Calls that are out of step are told apart by their steps.
      if (isOf(again, kind) && (!ranksDiffer || ownSteps.add(again))) {
        return again;
      }
    }
    step = after(step, kind);
    if (kind != CallKind.SAVE_FOLDER) {
      steps.add(step);
      ownSteps.add(step);
    }
    return step;
  }

  private static long after(long number, CallKind kind) {
    long next = number + 1;
    while (!isOf(next, kind)) {
      next++;
    }
    return next;
  }

  /** Whether a step's checkpoints are of this kind. */
  private static boolean isOf(long number, CallKind kind) {
    return switch (kind) {
      case SINGLE_FILE -> Model.ofStep(number) == Model.SINGLE;
      case ADAPTER -> Model.ofStep(number) == Model.ADAPTER;
      default -> Model.ofStep(number) == Model.WEIGHTS;
    };
  }

  /** Adds a call to all ranks, one of which may have it wrong, or make another one. */
  private void add(List<List<Call>> byRank, Call call) {
    int odd = random.nextInt(byRank.size());
    boolean isWrong = call.kind().isSave() && chance(8);
    boolean isOther = ranksDiffer && !isWrong && chance(50);
    boolean awaitsDiffer = chance(50);
    for (int rank = 0; rank < byRank.size(); rank++) {
      boolean awaits = call.kind().isInBackground() && (awaitsDiffer ? chance(50) : call.awaits());
      boolean isOdd = rank == odd;
      if (!isOther || !isOdd) {
        byRank
            .get(rank)
            .add(
                new Call(
                    call.slot(), call.kind(), call.step(), call.stamp(), awaits, isWrong && isOdd));
      } else if (chance(70)) {
        byRank.get(rank).add(other(call, byRank.size()));
      } // else this rank goes on to the next call
    }
  }

  /**
   * Another call than the others': of another kind, or of a step that no rank saves in any other
   * call, as those of one step are the same call whatever they save.
   */
  private Call other(Call call, int ranks) {
    CallKind kind =
        call.kind().isSave() && chance(60) ? call.kind() : KINDS[random.nextInt(KINDS.length)];
    long alone = ranks == 1 ? call.step() : OTHER_STEPS + 10L * call.slot();
    long other = kind.isSave() ? after(alone, kind) : 0;
    return new Call(call.slot(), kind, other, OTHER_STAMPS + call.slot(), false, false);
  }
}
