package dev.cairn.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.simulation.checker.Checker;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.HistoryGenerator;
import dev.cairn.simulation.world.Tally;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The histories of the simulation over the real TCP control channel, by threads that run as they
 * like, in real time: stress, in which equal seeds have equal calls and faults, and the rest is
 * chance. Judged by the same promises.
 */
@Tag("stress")
@ExtendWith(SilentLog.class)
class TcpStressTest {
  /** 10 minutes with {@code -Pfaults}. */
  private static final int SECONDS = Integer.getInteger("cairn.stress.seconds", 6);

  /** Much on a busy machine, and less than a timeout. */
  private static final Duration MOST_PER_CALL = Duration.ofSeconds(15);

  private static final int REPEATS = Integer.getInteger("cairn.stress.repeats", 200);

  private final Tally tally = new Tally();
  private int histories;
  private long calls;

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void noHistoryBreaksAPromiseOverTcp() {
    long begunNanos = System.nanoTime();
    double seconds = 0;
    for (long seed = 0; seconds < SECONDS; seed++) {
      play(seed);
      seconds = (System.nanoTime() - begunNanos) / 1e9;
    }
    System.out.printf(
        "stress over TCP: histories=%d, calls=%d, seconds=%.1f, faults=%s%n",
        histories, calls, seconds, tally.byKind());
    assertTrue(tally.total() >= histories / 2, tally::toString);
  }

  /** One seed many times: see the command that a failure names. */
  @Test
  void repeat() {
    Long seed = Long.getLong("cairn.seed");
    assumeTrue(seed != null, "no seed to repeat: set -Dcairn.seed");
    for (int count = 0; count < REPEATS; count++) {
      play(seed);
    }
  }

  private void play(long seed) {
    Played played = Simulation.playOverTcp(HistoryGenerator.draw(seed));
    histories++;
    tally.add(played.tally());
    calls += played.events().stream().filter(Event.Began.class::isInstance).count();
    List<String> problems = problems(played);
    assertTrue(problems.isEmpty(), () -> report(played, problems));
  }

  private static List<String> problems(Played played) {
    List<String> problems = new ArrayList<>();
    played.failures().forEach(failure -> problems.add(failure.toString()));
    problems.addAll(Checker.check(played.events(), MOST_PER_CALL));
    played.events().forEach(event -> timeout(event).ifPresent(problems::add));
    return problems;
  }

  /** Nobody is late enough for a timeout here: it is a wake or a message that never came. */
  private static Optional<String> timeout(Event event) {
    return event instanceof Event.Told told && told.outcome().text().contains("timed out")
        ? Optional.of("rank %d waited in vain: %s".formatted(told.rank(), told.outcome()))
        : Optional.empty();
  }

  private String report(Played played, List<String> problems) {
    return """
    %s
    in seed %d, after %d histories. It is a matter of chance whether this comes again; to try:
      mvn test -Dtest=TcpStressTest#repeat -Dcairn.seed=%2$d -Dcairn.stress.repeats=1000
    %s
    %s\
    """
        .formatted(
            String.join("\n", problems),
            played.history().seed(),
            histories,
            String.join("\n", played.trace()),
            played.history());
  }
}
