package dev.cairn.simulation.checker;

import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.CallKind;
import dev.cairn.simulation.history.Contents;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Outcome;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** (b): what ranks were told is committed, until retention may have taken it. */
final class Promises {
  private final List<String> violations;
  private final Map<Long, Promise> byStep = new TreeMap<>();
  private final Map<Integer, Call> calls = new HashMap<>();
  private final Map<Integer, Call> failed = new HashMap<>();
  private boolean isDurable;
  private int keepLast;
  private long keepEvery;

  /** One committed step. */
  private static final class Promise {
    /** By the slot of its call, what may be there: what was committed, or has begun since then. */
    private final TreeMap<Integer, Integer> stamps = new TreeMap<>();

    private boolean isDurable;
  }

  Promises(List<String> violations) {
    this.violations = violations;
  }

  void open(Event.Opened opened) {
    isDurable = opened.setup().isDurable();
    keepLast = opened.setup().keepLast();
    keepEvery = opened.setup().keepEvery();
  }

  boolean isSaveOf(int stamp, long step) {
    return calls.containsKey(stamp) && calls.get(stamp).step() == step;
  }

  /** Returns the newest step that must be there; -1 if there is none. */
  long newest() {
    return byStep.isEmpty() ? -1 : new TreeSet<>(byStep.keySet()).last();
  }

  void take(Event event) {
    if (event instanceof Event.Began began) {
      began(began.call());
    } else if (event instanceof Event.Told told && isOfRun(told.call())) {
      told(told.call(), told.outcome());
    } else if (event instanceof Event.PowerCut) {
      byStep.values().removeIf(promise -> !promise.isDurable);
    } else if (event instanceof Event.Pruned pruned) {
      keepLast = keepLast == 0 ? pruned.keepLast() : Math.min(keepLast, pruned.keepLast());
      keepEvery = pruned.keepEvery();
    }
  }

  private static boolean isOfRun(Call call) {
    return call.kind().isSave() && call.kind() != CallKind.SAVE_FOLDER;
  }

  private void began(Call call) {
    if (isOfRun(call)) {
      calls.put(call.stamp(), call);
      Promise promise = byStep.get(call.step());
      if (promise != null) {
        promise.stamps.put(call.slot(), call.stamp());
        promise.isDurable &= isDurable; // what replaces it may itself not survive
      }
    }
  }

  private void told(Call call, Outcome outcome) {
    if (outcome.result() == Outcome.Result.FAILED) {
      failed.put(call.stamp(), call);
    }
    if (outcome.result() == Outcome.Result.COMMITTED) {
      Promise promise = byStep.computeIfAbsent(call.step(), key -> new Promise());
      if (call.kind() != CallKind.SAVE_LAST) { // which may be content with an earlier save
        promise.stamps.headMap(call.slot()).clear();
      }
      promise.stamps.put(call.slot(), call.stamp());
      promise.isDurable = isDurable;
      calls.values().stream()
          .filter(other -> other.step() == call.step())
          .filter(other -> other.slot() > call.slot() || call.kind() == CallKind.SAVE_LAST)
          .forEach(other -> promise.stamps.put(other.slot(), other.stamp()));
    }
  }

  /** Returns whether a rank was told that nothing was committed of this save. */
  boolean isToldToHaveFailed(int stamp) {
    return failed.containsKey(stamp);
  }

  void see(Event.Seen seen) {
    for (Iterator<Map.Entry<Long, Promise>> all = byStep.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<Long, Promise> entry = all.next();
      Contents contents = seen.checkpoints().get(entry.getKey());
      boolean isReplaced = seen.replaced().contains(entry.getKey()) && !seen.isThorough();
      if (isKept(entry.getValue(), contents, seen.isThorough())) {
        continue;
      }
      if (contents != null || !mayBeTaken(entry.getKey(), seen)) {
        if (isReplaced) {
          continue;
        }
        violations.add(
            "(b) step_%d was committed and is not there: expected stamps %s, found %s, steps %s"
                .formatted(
                    entry.getKey(),
                    entry.getValue().stamps.values(),
                    contents,
                    seen.checkpoints().keySet()));
      }
      all.remove();
    }
  }

  private static boolean isKept(Promise promise, Contents contents, boolean isThorough) {
    return contents != null
        && contents.isOne()
        && promise.stamps.containsValue(contents.stamp())
        && (contents.verifies() || !isThorough);
  }

  private boolean mayBeTaken(long step, Event.Seen seen) {
    long newer =
        seen.checkpoints().entrySet().stream()
            .filter(entry -> entry.getKey() > step && entry.getValue().isOne())
            .count();
    return keepLast > 0 && newer >= keepLast && (keepEvery == 0 || step % keepEvery != 0);
  }
}
