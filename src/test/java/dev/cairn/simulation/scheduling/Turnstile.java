package dev.cairn.simulation.scheduling;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Where the test waits for the simulated world to end. */
final class Turnstile {
  private static final long MOST_SECONDS = 180;

  private final CountDownLatch ended = new CountDownLatch(1);

  void open() {
    ended.countDown();
  }

  /** Waits; a simulated world that really hangs is a defect of the simulation, and said where. */
  void await() {
    if (!opensWithin(MOST_SECONDS)) {
      throw new AssertionError("the simulation itself hangs:\n" + stacks());
    }
  }

  /** Waits so long at most, and returns whether it has ended. */
  boolean opensWithin(long seconds) {
    try {
      return ended.await(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns where all threads of the simulated world are. */
  static String stacks() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey().getName().startsWith("simulated"))
        .map(
            entry ->
                entry.getKey().getState()
                    + "\n"
                    + java.util.Arrays.stream(entry.getValue())
                        .limit(25)
                        .map(frame -> "    " + frame)
                        .collect(Collectors.joining("\n")))
        .collect(Collectors.joining("\n"));
  }
}
