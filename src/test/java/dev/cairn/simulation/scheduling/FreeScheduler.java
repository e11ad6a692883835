package dev.cairn.simulation.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets all threads run as they like, by the real clock. One lock guards what they share of the
 * simulated world; the code under test knows nothing of it, and waits on its own monitors.
 *
 * <p>The lock may be taken with any of those monitors held; while it is held, none of them is taken
 * that a thread could hold that waits for it.
 */
public final class FreeScheduler implements Scheduler {
  private static final long MOST_SECONDS = 120;
  private static final long MOST_PAUSE_NANOS = 100_000;

  /** How soon a waiting thread finds that its process has died. */
  private static final long SLICE_MILLIS = 20;

  private final SplittableRandom random;
  private final double pauseRate;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<Fiber> living = ConcurrentHashMap.newKeySet();
  private final Set<Fiber> waiting = ConcurrentHashMap.newKeySet();
  private final List<Throwable> failures = new ArrayList<>();
  private final Turnstile end = new Turnstile();
  private int started;

  /**
   * Creates an idle one.
   *
   * @param pauseRate how often a step that need not wait pauses a little, from 0 to 1
   */
  public FreeScheduler(SplittableRandom random, double pauseRate) {
    this.random = random;
    this.pauseRate = pauseRate;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public List<Throwable> failures() {
    return failures;
  }

  /** The first thread has the world for itself whenever it does not wait. */
  @Override
  public void run(SimulatedProcess process, Runnable work) {
    start(process, "operator", () -> alone(work));
    if (!end.opensWithin(MOST_SECONDS)) {
      String stacks = Turnstile.stacks();
      Set<Fiber> hanging = Set.copyOf(living);
      new Thread(() -> alone(() -> hanging.forEach(fiber -> fiber.process().die()))).start();
      end.await();
      failures.add(new AssertionError("no end after " + MOST_SECONDS + " s:\n" + stacks));
    }
  }

  @Override
  public void start(SimulatedProcess process, String name, Runnable work) {
    startFiber(process, name, work);
  }

  private Fiber startFiber(SimulatedProcess process, String name, Runnable work) {
    enter();
    try {
      Fiber fiber = new Fiber(process, name, started++, work);
      living.add(fiber);
      process.threadStarted();
      fiber.execute(() -> live(fiber));
      return fiber;
    } finally {
      leave();
    }
  }

  private void live(Fiber fiber) {
    Throwable thrown = null;
    try {
      fiber.process().check();
      fiber.work().run();
    } catch (ProcessKilled e) {
      // it ended with its process
    } catch (Throwable e) { // a thread of the simulated world must not throw
      thrown = e;
    }
    end(fiber, thrown);
  }

  private void end(Fiber fiber, Throwable thrown) {
    enter();
    try {
      if (thrown != null) {
        failures.add(thrown);
      }
      fiber.process().threadEnded();
      living.remove(fiber);
      changed.signalAll();
      if (living.isEmpty()) {
        end.open();
      }
    } finally {
      leave();
    }
  }

  @Override
  public Runnable fork(SimulatedProcess process, String name, Runnable work) {
    Fiber fiber = startFiber(process, name, work);
    return () ->
        alone(
            () -> {
              while (living.contains(fiber)) { // also if the process dies: it uses its memory
                changed.awaitUninterruptibly();
              }
            });
  }

  @Override
  public void enter() {
    lock.lock();
  }

  @Override
  public void leave() {
    lock.unlock();
  }

  @Override
  public void step() {
    enter();
    try {
      Fiber.current().process().check();
      if (random.nextDouble() < pauseRate) {
        sleep(random.nextLong(MOST_PAUSE_NANOS));
      }
    } finally {
      leave();
    }
  }

  @Override
  public void sleep(long nanos) {
    enter();
    try {
      long left = nanos;
      while (left > 0) {
        left = changed.awaitNanos(left);
        Fiber.current().process().check();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      leave();
    }
  }

  private static AssertionError interrupted(InterruptedException e) {
    return new AssertionError("threads of the simulated world are not interrupted", e);
  }

  /** Only {@link #wake} or the time ends it: a wake that is missing is not made up for. */
  @Override
  public void awaitMillis(Object monitor, long timeoutMillis) {
    Fiber self = Fiber.current();
    self.process().check();
    long begun = nanoTime();
    long nanos = timeoutMillis == 0 ? Long.MAX_VALUE : timeoutMillis * 1_000_000;
    self.waitOn(monitor, Long.MAX_VALUE);
    waiting.add(self);
    try {
      while (waiting.contains(self) && nanoTime() - begun < nanos) {
        monitor.wait(timeoutMillis == 0 ? SLICE_MILLIS : Math.min(SLICE_MILLIS, timeoutMillis));
        self.process().check();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      waiting.remove(self);
    }
  }

  @Override
  public void wake(Object monitor) {
    waiting.removeIf(fiber -> fiber.waitsOn(monitor));
    monitor.notifyAll();
  }

  /** Those that wait on monitors find it out by themselves. */
  @Override
  public void wakeAll(SimulatedProcess process) {
    changed.signalAll();
  }

  @Override
  public void awaitEnd(List<SimulatedProcess> processes) {
    enter();
    try {
      while (processes.stream().anyMatch(process -> process.threads() > 0)) {
        changed.awaitUninterruptibly();
      }
    } finally {
      leave();
    }
  }
}
