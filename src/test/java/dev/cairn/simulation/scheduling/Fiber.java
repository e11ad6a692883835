package dev.cairn.simulation.scheduling;

import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/** A thread of the simulated world, which a real one runs. */
public final class Fiber {
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "simulated");
            thread.setDaemon(true);
            return thread;
          });

  private static final ThreadLocal<Fiber> CURRENT = new ThreadLocal<>();

  private final SimulatedProcess process;
  private final String name;
  private final int number;
  private final Runnable work;
  private Object monitor = this;
  private long deadlineNanos = Long.MAX_VALUE;
  private boolean isStarted;
  private volatile boolean hasTurn;
  private Thread thread;
  private Phase phase = Phase.IDLE;
  private int slot = -1;

  /** Creates one that is to go on with what the calling one does. */
  Fiber(SimulatedProcess process, String name, int number, Runnable work) {
    this.process = process;
    this.name = name;
    this.number = number;
    this.work = work;
    Fiber parent = current();
    if (parent != null) {
      phase = parent.phase;
      slot = parent.slot;
    }
  }

  /** Returns the one that the calling thread runs. */
  public static Fiber current() {
    return CURRENT.get();
  }

  /** Lets a thread run this as this fiber. */
  void execute(Runnable life) {
    THREADS.execute(
        () -> {
          CURRENT.set(this);
          life.run();
          CURRENT.remove();
        });
  }

  public SimulatedProcess process() {
    return process;
  }

  Runnable work() {
    return work;
  }

  boolean isStarted() {
    return isStarted;
  }

  void markStarted() {
    isStarted = true;
  }

  public Phase phase() {
    return phase;
  }

  /** Enters a phase of the call that this thread makes. */
  public void enter(Phase next) {
    phase = next;
  }

  /** Returns the number of the call, in the history, that this thread works for. */
  public int slot() {
    return slot;
  }

  public void begin(int callSlot, Phase first) {
    slot = callSlot;
    phase = first;
  }

  void waitOn(Object newMonitor, long newDeadlineNanos) {
    monitor = newMonitor;
    deadlineNanos = newDeadlineNanos;
  }

  boolean waitsOn(Object other) {
    return monitor == other;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  /** Lets it run; called by the thread that had the turn. */
  void giveTurn() {
    Object awaited = monitor;
    synchronized (awaited) { // which it may only now begin to wait on
      hasTurn = true;
      awaited.notifyAll();
    }
  }

  /** Waits for the turn on the monitor, which is given up meanwhile if it is held. */
  void awaitTurn() {
    thread = Thread.currentThread();
    Object awaited = monitor;
    synchronized (awaited) {
      while (!hasTurn) {
        try {
          awaited.wait();
        } catch (InterruptedException e) {
          throw new AssertionError("simulated threads are not interrupted", e);
        }
      }
    }
    hasTurn = false;
  }

  /** Returns who waits where, for a report. */
  String describe() {
    String stack =
        thread == null
            ? ""
            : Arrays.stream(thread.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("dev.cairn"))
                .limit(16)
                .map(frame -> "\n    " + frame)
                .collect(Collectors.joining());
    return this + " in call " + slot + ", " + phase + stack;
  }

  @Override
  public String toString() {
    return process + "/" + name + "#" + number;
  }
}
