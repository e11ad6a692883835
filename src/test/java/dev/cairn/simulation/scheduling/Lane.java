package dev.cairn.simulation.scheduling;

import java.util.ArrayDeque;
import java.util.Deque;

/** Messages on their way in one direction of one connection: they arrive in order. */
public final class Lane {
  private final SeededScheduler scheduler;
  private final String name;
  private final Deque<Message> messages = new ArrayDeque<>();

  private record Message(String what, Runnable delivery) {}

  /** Adds a lane to the scheduler. */
  public Lane(SeededScheduler scheduler, String name) {
    this.scheduler = scheduler;
    this.name = name;
    scheduler.add(this);
  }

  /** Sends a message; {@code delivery} must not wait. */
  public void send(String what, Runnable delivery) {
    messages.add(new Message(what, delivery));
  }

  boolean isPending() {
    return !messages.isEmpty();
  }

  void deliver() {
    Message first = messages.remove();
    scheduler.trace().add(name + ": " + first.what());
    first.delivery().run();
  }

  /** Loses what is on its way. */
  public void clear() {
    messages.clear();
  }

  /** Takes the lane away. */
  public void end() {
    scheduler.remove(this);
  }
}
