package dev.cairn.simulation.scheduling;

import java.util.List;

/** Decides which threads of the simulated world run, and when. */
public interface Scheduler {
  /** Returns a time that only grows. */
  long nanoTime();

  /** Returns what went wrong with the simulation itself: deadlocks, threads that threw. */
  List<Throwable> failures();

  /** Runs {@code work} as the first thread, until all threads have ended. */
  void run(SimulatedProcess process, Runnable work);

  /** Starts a thread. */
  void start(SimulatedProcess process, String name, Runnable work);

  /** Starts a work beside the caller's, or does it at once; what is returned waits for it. */
  Runnable fork(SimulatedProcess process, String name, Runnable work);

  /** Begins what no other thread of the world may come between; waits are no part of it. */
  void enter();

  /** Ends what {@link #enter} began. */
  void leave();

  /** Does what no other thread of the world may come between. */
  default void alone(Runnable work) {
    enter();
    try {
      work.run();
    } finally {
      leave();
    }
  }

  /** A step that need not wait: another thread may come first. */
  void step();

  /** Lets time pass. */
  void sleep(long nanos);

  /** Waits as {@link Object#wait(long)} does: the caller holds the monitor. */
  void awaitMillis(Object monitor, long timeoutMillis);

  /** Wakes all who wait on a monitor, which the caller holds. */
  void wake(Object monitor);

  /** Wakes all threads of a process that has died, so that they end. */
  void wakeAll(SimulatedProcess process);

  /** Waits until no thread of these processes is left. */
  void awaitEnd(List<SimulatedProcess> processes);
}
