package dev.cairn.simulation.checker;

import dev.cairn.RunOptions;
import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.CallKind;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.history.Outcome;
import dev.cairn.simulation.world.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** (c) to (f), of one job. */
final class Job {
  private static final long TIMEOUT_NANOS = World.TIMEOUTS.operation().toNanos();

  private final Event.Opened opened;
  private final long mostNanos;
  private final List<String> violations;
  private final Map<Integer, Round> rounds = new TreeMap<>();
  private final Map<Integer, Long> beginnings = new HashMap<>();
  private final Set<Integer> dead = new HashSet<>();
  private final Set<FaultKind> struck = EnumSet.noneOf(FaultKind.class);
  private long lateNanos;
  private boolean isBroken;

  /** The ranks' calls of one slot. */
  private static final class Round {
    private final int slot;
    private final Map<Integer, Call> calls = new TreeMap<>();
    private final Map<Integer, Outcome> outcomes = new TreeMap<>();
    private boolean isDisturbed;
    private boolean isOutOfStep;
    private long newestPromised = -1;

    Round(int slot) {
      this.slot = slot;
    }
  }

  /** Begins one, whose calls take so long at most, and what faults delay. */
  Job(Event.Opened opened, Duration mostPerCall, List<String> violations) {
    this.opened = opened;
    this.mostNanos = mostPerCall.toNanos();
    this.violations = violations;
  }

  private Round round(int slot) {
    return rounds.computeIfAbsent(slot, Round::new);
  }

  void take(Event event, Promises promises) {
    if (event instanceof Event.Began began) {
      Round round = round(began.call().slot());
      round.calls.put(began.rank(), began.call());
      round.isDisturbed |= isBroken || !dead.isEmpty();
      round.newestPromised = Math.max(round.newestPromised, promises.newest());
      beginnings.put(began.rank(), began.nanos());
    } else if (event instanceof Event.Told told) {
      told(told);
    } else if (event instanceof Event.Died died) {
      dead.add(died.rank());
      rounds.values().forEach(round -> round.isDisturbed = true);
    } else if (event instanceof Event.PowerCut) {
      IntStream.range(0, opened.ranks()).forEach(dead::add);
      rounds.values().forEach(round -> round.isDisturbed = true);
    } else if (event instanceof Event.Struck fault) {
      struck.add(fault.kind());
      lateNanos += fault.lateNanos();
      // Whoever only looks, or prunes, disturbs nobody.
      round(fault.slot()).isDisturbed |= fault.kind() != FaultKind.SECOND_PROCESS;
      if (fault.lateNanos() >= TIMEOUT_NANOS) {
        isBroken = true;
      }
    } else if (event instanceof Event.Closed closed) {
      closed(closed);
    }
  }

  private void told(Event.Told told) {
    round(told.call().slot()).outcomes.put(told.rank(), told.outcome());
    isBroken |= told.outcome().isBroken();
    long nanos = told.nanos() - beginnings.getOrDefault(told.rank(), told.nanos());
    long most = mostNanos + lateNanos;
    if (nanos > most) {
      violations.add(
          "(d) rank %d was in %s for %.1f s, expected at most %.1f s"
              .formatted(told.rank(), told.call(), nanos / 1e9, most / 1e9));
    }
    if (told.outcome().result() == Outcome.Result.MIXED) {
      violations.add("(a) rank %d restored a mixture: %s".formatted(told.rank(), told.outcome()));
    }
    checkSameStamp(told);
  }

  /** (a): all ranks have read back the same save. */
  private void checkSameStamp(Event.Told told) {
    Set<Integer> stamps = new HashSet<>();
    for (Outcome outcome : round(told.call().slot()).outcomes.values()) {
      if (outcome.result() == Outcome.Result.RESTORED && outcome.stamp() >= 0) {
        stamps.add(outcome.stamp());
      }
    }
    if (stamps.size() > 1) {
      violations.add("(a) call %d: ranks restored stamps %s".formatted(told.call().slot(), stamps));
    }
  }

  /** (e): what all processes together have left. */
  private void closed(Event.Closed closed) {
    if (closed.threads() > 0 || closed.openFiles() > 0 || closed.unfreed() > 0) {
      violations.add("(e) left behind: " + closed);
    }
    boolean isExcused =
        !dead.isEmpty() || struck.stream().anyMatch(kind -> kind.call().isPresent());
    List<String> hidden = new ArrayList<>(closed.hidden());
    hidden.removeAll(opened.hidden());
    if (!isExcused && !hidden.isEmpty()) {
      violations.add("(e) folders left behind: " + hidden);
    }
  }

  void end() {
    excuse();
    rounds.forEach(this::checkSame);
    rounds.forEach(this::checkSaved);
  }

  /** (c): living ranks are told the same, or that it cannot be known. */
  private void checkSame(int slot, Round round) {
    boolean committed = has(round, Outcome.Result.COMMITTED);
    boolean isOneCall = isOneCall(round);
    if (committed && isOneCall && has(round, Outcome.Result.FAILED)) {
      violations.add("(c) call %d: %s".formatted(slot, Checker.list(round.outcomes)));
    }
    if (committed && !isOneCall && !mayHaveBeenSaved(round)) {
      violations.add("(c) different calls were committed: " + Checker.list(round.calls));
    }
    Set<String> answers = new HashSet<>();
    for (Outcome outcome : round.outcomes.values()) {
      if (!outcome.isFailure() || !outcome.isBroken()) {
        answers.add(outcome.isFailure() ? "failed" : outcome.result() + " " + outcome.step());
      }
    }
    if (answers.size() > 1 && isOneCall && isSearch(round) && !round.isOutOfStep) {
      violations.add("(c) call %d: %s".formatted(slot, Checker.list(round.outcomes)));
    }
  }

  /** The last step may have been saved in the background: then nothing is asked of other ranks. */
  private static boolean mayHaveBeenSaved(Round round) {
    return round.calls.values().stream().anyMatch(call -> call.kind() == CallKind.SAVE_LAST);
  }

  private static boolean isSearch(Round round) {
    return round.calls.values().stream()
        .allMatch(call -> call.kind() == CallKind.LATEST || call.kind() == CallKind.RESTORE);
  }

  /**
   * Some calls may fail though nothing disturbs them: those of ranks that are out of step, the
   * first one after a save in the background that has failed, and what is refused while one runs.
   */
  private void excuse() {
    boolean isInStep = true;
    boolean hasFailedBefore = false;
    boolean mayRun = false;
    for (Round round : rounds.values()) {
      boolean isCollective =
          round.calls.values().stream().allMatch(call -> call.kind().isCollective());
      round.isOutOfStep = !isInStep;
      round.isDisturbed |= !isInStep || hasFailedBefore || (mayRun && isRefusing(round));
      if (isCollective) {
        hasFailedBefore = false;
      }
      boolean isBackground = has(round, Outcome.Result.BEGUN);
      boolean isSound = !round.isDisturbed && isOneCall(round) && !isWrong(round);
      hasFailedBefore |= isBackground && !isSound;
      boolean isDifferent = !isOneCall(round) || isToldOfDifferentCalls(round);
      hasFailedBefore |= isDifferent && isInBackground(round);
      mayRun = isBackground || (mayRun && !isCollective);
      isInStep &= !isCollective ? isOneCall(round) || !isMixed(round) : staysInStep(round);
    }
  }

  private static boolean isToldOfDifferentCalls(Round round) {
    return round.outcomes.values().stream()
        .anyMatch(outcome -> outcome.text().contains("ranks are in different calls"));
  }

  private boolean isRefusing(Round round) {
    return opened.setup().whenBusy() == RunOptions.WhenBusy.REFUSE && isInBackground(round);
  }

  private static boolean isInBackground(Round round) {
    return round.calls.values().stream().anyMatch(call -> call.kind().isInBackground());
  }

  private static boolean isWrong(Round round) {
    return round.calls.values().stream().anyMatch(Call::isWrong);
  }

  /** Whether collective calls stand beside others. */
  private static boolean isMixed(Round round) {
    return round.calls.values().stream().anyMatch(call -> call.kind().isCollective());
  }

  private boolean staysInStep(Round round) {
    boolean isTwoCalls =
        round.calls.values().stream().anyMatch(call -> call.kind() == CallKind.RESTORE);
    return isOneCall(round) || (!isSkipped(round) && !isTwoCalls);
  }

  private static boolean has(Round round, Outcome.Result result) {
    return round.outcomes.values().stream().anyMatch(outcome -> outcome.result() == result);
  }

  /** Whether all ranks that live have made the same call. */
  private boolean isOneCall(Round round) {
    Set<String> different = new HashSet<>();
    round.calls.values().forEach(call -> different.add(call.kind() + " " + call.stamp()));
    return different.size() == 1 && !isSkipped(round);
  }

  /** Whether a rank has gone on to a later call. */
  private boolean isSkipped(Round round) {
    Set<Integer> later = new HashSet<>();
    rounds
        .values()
        .forEach(
            other -> {
              if (other.slot > round.slot) {
                later.addAll(other.calls.keySet());
              }
            });
    return !round.calls.keySet().containsAll(later);
  }

  /** (f): a call that nothing disturbs works, and finds the newest. */
  private void checkSaved(int slot, Round round) {
    boolean isWhole =
        !round.isDisturbed
            && isMixed(round)
            && round.calls.size() == opened.ranks()
            && isOneCall(round)
            && !isWrong(round);
    if (!isWhole) {
      return;
    }
    if (round.outcomes.size() < opened.ranks() && dead.isEmpty()) {
      violations.add("(f) call %d was not told of: %s".formatted(slot, round.calls));
    }
    for (Outcome outcome : round.outcomes.values()) {
      if (outcome.isFailure()) {
        violations.add(
            "(f) call %d failed though nothing disturbed it: %s"
                .formatted(slot, Checker.list(round.outcomes)));
        return;
      }
      boolean isOld =
          outcome.result() == Outcome.Result.NOTHING_FOUND
              || outcome.result() == Outcome.Result.FOUND
              || outcome.result() == Outcome.Result.RESTORED;
      if (isOld && outcome.step() < round.newestPromised) {
        violations.add(
            "(b) call %d found step %d, committed was %d"
                .formatted(slot, outcome.step(), round.newestPromised));
      }
    }
  }
}
