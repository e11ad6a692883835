package dev.cairn.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * Runs simulated threads one at a time, in an order that follows from a seed, by a clock of its
 * own.
 *
 * <p>Simulated threads are real ones, of which only the one that has the turn runs; it gives the
 * turn away when it waits, or at a step at which the seed says so. All else is called by whoever
 * has the turn, and needs no lock.
 */
public final class Scheduler {
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "simulated");
            thread.setDaemon(true);
            return thread;
          });

  private static final ThreadLocal<Fiber> CURRENT = new ThreadLocal<>();
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
  public Scheduler(SplittableRandom random, double switchRate, Trace trace) {
    this.random = random;
    this.switchRate = switchRate;
    this.trace = trace;
  }

  /** Returns the thread that runs. */
  static Fiber current() {
    return CURRENT.get();
  }

  /** Returns the time by the simulation's clock. */
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

  /** Returns what went wrong with the simulation itself: deadlocks, threads that threw. */
  List<Throwable> failures() {
    return failures;
  }

  /** Runs {@code work} as the first simulated thread, until all threads have ended. */
  void run(SimulatedProcess process, Runnable work) {
    start(process, "operator", work);
    giveTurn(takeNext());
    end.await();
  }

  /** Starts a thread; it runs when the seed says so. */
  Fiber start(SimulatedProcess process, String name, Runnable work) {
    Fiber fiber = new Fiber(process, name, started++, work);
    Fiber parent = current();
    if (parent != null) {
      fiber.inherit(parent);
    }
    living++;
    process.threadStarted();
    runnable.add(fiber);
    return fiber;
  }

  /** A step that need not wait: time passes, and another thread may get the turn. */
  void step() {
    Fiber self = current();
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

  /** Lets time pass. */
  void sleep(long nanos) {
    Fiber self = current();
    synchronized (self) {
      await(self, nowNanos + nanos);
    }
  }

  /** Waits as {@link Object#wait(long)} does: the caller holds the monitor. */
  void awaitMillis(Object monitor, long timeoutMillis) {
    await(monitor, timeoutMillis == 0 ? Long.MAX_VALUE : nowNanos + timeoutMillis * 1_000_000);
  }

  private void await(Object monitor, long deadlineNanos) {
    Fiber self = current();
    self.process().check();
    count();
    self.waitOn(monitor, deadlineNanos);
    waiting.add(self);
    giveUpTurn(self);
    self.process().check();
  }

  /** Wakes all who wait on a monitor. */
  void wake(Object monitor) {
    release(fiber -> fiber.waitsOn(monitor));
  }

  /** Wakes all threads of a process that has died, so that they end. */
  void wakeAll(SimulatedProcess process) {
    release(fiber -> fiber.process() == process);
  }

  /** Waits until no thread of these processes is left. */
  void awaitEnd(List<SimulatedProcess> processes) {
    synchronized (end) {
      while (processes.stream().anyMatch(process -> process.threads() > 0)) {
        await(end, Long.MAX_VALUE);
      }
    }
  }

  private void release(java.util.function.Predicate<Fiber> released) {
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
      THREADS.execute(() -> live(next));
    }
  }

  private void live(Fiber fiber) {
    CURRENT.set(fiber);
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
    CURRENT.remove();
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
    if (current() != null) {
      all.add(current());
    }
    all.forEach(fiber -> fiber.process().die());
    release(fiber -> true);
  }
}
