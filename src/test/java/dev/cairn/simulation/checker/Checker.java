package dev.cairn.simulation.checker;

import dev.cairn.simulation.history.Contents;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.world.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Judges what has happened by what Cairn promises; knows nothing of how it keeps it.
 *
 * <ol type="a">
 *   <li>Every visible checkpoint that verifies holds one step of all ranks.
 *   <li>What any rank was told is committed is there until retention takes it, after a power cut
 *       too if it was durable.
 *   <li>Of a collective call all living ranks are told the same, or that it cannot be known.
 *   <li>No call outlives its timeout.
 *   <li>Nothing is left: no thread, memory, open file or temporary folder.
 *   <li>Ranks that were told an error can save the next step.
 * </ol>
 */
public final class Checker {
  private final List<String> violations = new ArrayList<>();
  private final Promises promises = new Promises(violations);
  private final Job[] job = new Job[1];
  private final Duration mostPerCall;

  private Checker(Duration mostPerCall) {
    this.mostPerCall = mostPerCall;
  }

  /** Returns what is wrong with a history, each beginning with the letter of the invariant. */
  public static List<String> check(List<Event> events) {
    return check(events, World.TIMEOUTS.operation().multipliedBy(3));
  }

  /** As above; no call may take longer than so long, and what faults delay. */
  public static List<String> check(List<Event> events, Duration mostPerCall) {
    Checker checker = new Checker(mostPerCall);
    for (Event event : events) {
      checker.take(event);
    }
    if (checker.job[0] != null) {
      checker.job[0].end();
    }
    return checker.violations;
  }

  private void take(Event event) {
    if (event instanceof Event.Opened opened) {
      if (job[0] != null) {
        job[0].end();
      }
      job[0] = new Job(opened, mostPerCall, violations);
      promises.open(opened);
    } else if (event instanceof Event.Seen seen) {
      seen.checkpoints().forEach(this::checkOne);
      seen.checkpoints().forEach(this::checkFailed);
      promises.see(seen);
    } else {
      promises.take(event);
      if (job[0] != null) {
        job[0].take(event, promises);
      }
    }
  }

  /** (a): one step of all ranks, and that of its name. */
  private void checkOne(long step, Contents contents) {
    if (!contents.isOne() && contents.verifies()) {
      add(
          "(a) step_%d verifies and is no single save: stamps=%s, whole=%s"
              .formatted(step, contents.stamps(), contents.isWhole()));
    }
    if (contents.isOne() && !promises.isSaveOf(contents.stamp(), step)) {
      add("(a) step_%d holds another step's save: stamp=%d".formatted(step, contents.stamp()));
    }
  }

  /** (c): what failed is not there. */
  private void checkFailed(long step, Contents contents) {
    if (contents.isOne() && promises.isToldToHaveFailed(contents.stamp())) {
      add(
          "(c) step_%d holds a save that a rank was told has failed: stamp=%d"
              .formatted(step, contents.stamp()));
    }
  }

  /** What is wrong is seen at every look; it is said once. */
  private void add(String violation) {
    if (!violations.contains(violation)) {
      violations.add(violation);
    }
  }

  /** For messages. */
  static String list(Map<Integer, ?> byRank) {
    StringBuilder text = new StringBuilder();
    byRank.forEach(
        (rank, what) ->
            text.append(text.isEmpty() ? "" : "; ")
                .append("rank ")
                .append(rank)
                .append(": ")
                .append(what));
    return text.toString();
  }
}
