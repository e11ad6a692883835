package dev.cairn.simulation.scheduling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Runs simulated threads one at a time, in an order that follows from a seed, by a clock of its
 * own.
 *
 * <p>Simulated threads are real ones, of which only the one that has the turn runs; it gives the
 * turn away when it waits, or at a step at which the seed says so. All else is called by whoever
 * has the turn, and needs no lock.
 */
public final class SeededScheduler implements Scheduler {
  private static final long MAX_STEPS = 400_000;
  private static final long START_NANOS = 1_000_000_000L;
  private static final long MOST_STEP_NANOS = 20_000;

  private final SplittableRandom random;
  private final double switchRate;
  private final Trace trace;
  private final List<Fiber> runnable = new ArrayList<>();
  private final List<Fiber> waiting = new ArrayList<>();
  private final Lanes lanes = new Lanes();
  private final List<Alarm> alarms = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();
  private final Turnstile end = new Turnstile();
  private long nowNanos = START_NANOS;
  private long steps;
  private int started;
  private int living;

  /**
   * Creates an idle one.
   *
   * @param switchRate how often a step that need not wait gives the turn away, from 0 to 1
   */
  public SeededScheduler(SplittableRandom random, double switchRate, Trace trace) {
    this.random = random;
    this.switchRate = switchRate;
    this.trace = trace;
  }

  /** Returns the time by the simulation's clock. */
  @Override
  public long nanoTime() {
    return nowNanos;
  }

  Trace trace() {
    return trace;
  }

  /** Adds messages to be delivered. */
  void add(Lane lane) {
    lanes.add(lane);
  }

  /** Adds something that happens at a time. */
  public void add(Alarm alarm) {
    alarms.add(alarm);
  }

  /** Takes back what {@link #add} gave. */
  public void remove(Object laneOrAlarm) {
    lanes.remove(laneOrAlarm);
    alarms.remove(laneOrAlarm);
  }

  @Override
  public List<Throwable> failures() {
    return failures;
  }

  @Override
  public void run(SimulatedProcess process, Runnable work) {
    start(process, "operator", work);
    giveTurn(takeNext());
    end.await();
  }

  /** It runs when the seed says so. */
  @Override
  public void start(SimulatedProcess process, String name, Runnable work) {
    Fiber fiber = new Fiber(process, name, started++, work);
    living++;
    process.threadStarted();
    runnable.add(fiber);
  }

  /** In line: which of several comes first is not what histories are about. */
  @Override
  public Runnable fork(SimulatedProcess process, String name, Runnable work) {
    work.run();
    return () -> {};
  }

  /** Whoever runs has the turn, and nobody else runs. */
  @Override
  public void enter() {}

  @Override
  public void leave() {}

  /** Time passes, and another thread may get the turn. */
  @Override
  public void step() {
    Fiber self = Fiber.current();
    self.process().check();
    count();
    nowNanos += 1000 + random.nextLong(MOST_STEP_NANOS);
    if (switchRate > 0 && random.nextDouble() < switchRate) {
      self.waitOn(self, nowNanos);
      waiting.add(self);
      giveUpTurn(self);
      self.process().check();
    }
  }

  private void count() {
    if (++steps == MAX_STEPS) {
      fail("no end after " + MAX_STEPS + " steps");
    }
  }

  @Override
  public void sleep(long nanos) {
    Fiber self = Fiber.current();
    synchronized (self) {
      await(self, nowNanos + nanos);
    }
  }

  @Override
  public void awaitMillis(Object monitor, long timeoutMillis) {
    await(monitor, timeoutMillis == 0 ? Long.MAX_VALUE : nowNanos + timeoutMillis * 1_000_000);
  }

  private void await(Object monitor, long deadlineNanos) {
    Fiber self = Fiber.current();
    self.process().check();
    count();
    self.waitOn(monitor, deadlineNanos);
    waiting.add(self);
    giveUpTurn(self);
    self.process().check();
  }

  @Override
  public void wake(Object monitor) {
    release(fiber -> fiber.waitsOn(monitor));
  }

  @Override
  public void wakeAll(SimulatedProcess process) {
    release(fiber -> fiber.process() == process);
  }

  @Override
  public void awaitEnd(List<SimulatedProcess> processes) {
    synchronized (end) {
      while (processes.stream().anyMatch(process -> process.threads() > 0)) {
        await(end, Long.MAX_VALUE);
      }
    }
  }

  private void release(Predicate<Fiber> released) {
    for (int index = 0; index < waiting.size(); ) {
      if (released.test(waiting.get(index))) {
        runnable.add(waiting.remove(index));
      } else {
        index++;
      }
    }
  }

  private void giveUpTurn(Fiber self) {
    Fiber next = takeNext();
    if (next != self) {
      giveTurn(next);
      self.awaitTurn();
    }
  }

  private void giveTurn(Fiber next) {
    if (next.isStarted()) {
      next.giveTurn();
    } else {
      next.markStarted();
      next.execute(() -> live(next));
    }
  }

  private void live(Fiber fiber) {
    try {
      fiber.process().check();
      fiber.work().run();
    } catch (ProcessKilled e) {
      trace.add(fiber + " ended with its process");
    } catch (Throwable e) { // a thread of the simulated world must not throw
      failures.add(e);
    }
    fiber.process().threadEnded();
    wake(end);
    Fiber next = --living == 0 ? null : takeNext();
    if (next == null) {
      end.open();
    } else {
      giveTurn(next);
    }
  }

  /** Chooses who runs next; delivers messages meanwhile, and lets time pass if all wait. */
  private Fiber takeNext() {
    while (true) {
      release(fiber -> fiber.deadlineNanos() <= nowNanos);
      int pending = lanes.pending();
      int choices = pending + runnable.size();
      if (choices == 0) {
        passTime();
        continue;
      }
      int choice = choices == 1 ? 0 : random.nextInt(choices);
      if (choice >= pending) {
        return runnable.remove(choice - pending);
      }
      nowNanos += 1000;
      try {
        lanes.deliver(choice);
      } catch (RuntimeException | Error e) { // a message must not throw
        failures.add(e);
      }
    }
  }

  private void passTime() {
    long due = Long.MAX_VALUE;
    for (Fiber fiber : waiting) {
      due = Math.min(due, fiber.deadlineNanos());
    }
    Alarm first = null;
    for (Alarm alarm : alarms) {
      if (alarm.dueNanos() < due) {
        due = alarm.dueNanos();
        first = alarm;
      }
    }
    if (due == Long.MAX_VALUE) {
      fail("all wait for ever");
      return;
    }
    nowNanos = Math.max(nowNanos, due);
    count();
    if (first != null) {
      first.ring();
    }
  }

  private void fail(String what) {
    String report =
        waiting.stream()
            .sorted(Comparator.comparing(Fiber::toString))
            .map(Fiber::describe)
            .collect(Collectors.joining("\n"));
    failures.add(new AssertionError(what + ":\n" + report));
    List<Fiber> all = new ArrayList<>(waiting);
    all.addAll(runnable);
    if (Fiber.current() != null) {
      all.add(Fiber.current());
    }
    all.forEach(fiber -> fiber.process().die());
    release(fiber -> true);
  }
}
