package dev.cairn.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.simulation.checker.Checker;
import dev.cairn.simulation.history.Cells;
import dev.cairn.simulation.history.History;
import dev.cairn.simulation.history.HistoryGenerator;
import dev.cairn.simulation.world.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Random histories of the real code in a simulated world, judged by what Cairn promises. */
@Tag("faults")
@ExtendWith(SilentLog.class)
class SimulationTest {
  private static final long ENOUGH_SEEDS = 1000;
  private static final long SEEDS = Long.getLong("cairn.simulation.seeds", ENOUGH_SEEDS);
  private static final long FIRST_SEED = Long.getLong("cairn.simulation.first", 0);
  private static final int EQUAL_SEEDS = 50;
  private static final int MOST_SHOWN = 5;
  private static final int FLOOR = 5;
  private static final int FLOOR_OF_CUTS = 50;

  private static List<String> problems(Played played) {
    List<String> problems = new ArrayList<>();
    played.failures().forEach(failure -> problems.add(failure.toString()));
    problems.addAll(Checker.check(played.events()));
    return problems;
  }

  private static String command(long seed) {
    return "mvn test -Dtest=SimulationTest#replay -Dcairn.seed=" + seed;
  }

  @Test
  void equalSeedsHaveEqualTraces() {
    for (long seed = 0; seed < EQUAL_SEEDS; seed++) {
      History history = HistoryGenerator.draw(seed);
      assertEquals(history, HistoryGenerator.draw(seed));
      Played first = Simulation.play(history);
      Played second = Simulation.play(history);
      assertEquals(first.trace(), second.trace(), "seed " + seed);
      assertEquals(first.events(), second.events(), "seed " + seed);
    }
  }

  /** In the profile of faults it has many more seeds than fit the limit of other tests. */
  @Test
  @Timeout(value = 4, unit = TimeUnit.HOURS)
  void noHistoryBreaksAPromise() {
    Tally tally = new Tally();
    List<String> shown = new ArrayList<>();
    for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS && shown.size() < MOST_SHOWN; seed++) {
      Played played = played(seed);
      tally.add(played.tally());
      List<String> problems = problems(played);
      if (!problems.isEmpty()) {
        shown.add(problems.get(0) + "\n  replay: " + command(seed));
      }
    }
    assertTrue(shown.isEmpty(), () -> String.join("\n", shown));
    if (SEEDS >= ENOUGH_SEEDS) {
      assertFloors(tally);
    }
  }

  private static Played played(long seed) {
    try {
      return Simulation.play(HistoryGenerator.draw(seed));
    } catch (AssertionError e) { // of the simulation itself
      throw new AssertionError("replay: " + command(seed), e);
    }
  }

  /** Every fault has struck in every phase in which it can, often enough to mean something. */
  private static void assertFloors(Tally tally) {
    List<String> rare = new ArrayList<>();
    Cells.all()
        .forEach(
            (phase, kinds) ->
                kinds.stream()
                    .filter(kind -> tally.count(phase, kind) < FLOOR)
                    .forEach(kind -> rare.add(phase + " x " + kind)));
    assertEquals(List.of(), rare, "struck less than " + FLOOR + " times: " + tally);
    assertTrue(tally.cutsInCommit() >= FLOOR_OF_CUTS, tally::toString);
  }

  /** One seed, with all that happens: see the command that a failure names. */
  @Test
  void replay() {
    Long seed = Long.getLong("cairn.seed");
    assumeTrue(seed != null, "no seed to replay: set -Dcairn.seed");
    Played played = Simulation.play(HistoryGenerator.draw(seed));
    List<String> problems = problems(played);
    assertEquals(
        List.of(), problems, () -> String.join("\n", played.trace()) + "\n" + played.history());
  }
}
