package dev.cairn.simulation;

import dev.cairn.Checkpointer;
import dev.cairn.SimulatedCheckpointers;
import java.util.ArrayList;
import java.util.List;

/** Where a history plays: the world, and the record of what happens in it. */
final class Stage {
  private final World world;
  private final List<Checkpointer> checkpointers = new ArrayList<>();

  Stage(World world) {
    this.world = world;
  }

  World world() {
    return world;
  }

  List<Event> events() {
    return world.events();
  }

  void trace(String line) {
    world.trace().add(world.trace().stable(line));
  }

  void add(Event event) {
    world.events().add(event);
  }

  void opened(Checkpointer checkpointer) {
    checkpointers.add(checkpointer);
  }

  void began(int rank, Call call) {
    trace("rank " + rank + " calls " + call);
    add(new Event.Began(rank, call, world.scheduler().nanoTime()));
  }

  void told(int rank, Call call, Outcome outcome) {
    trace("rank " + rank + " is told of " + call + ": " + outcome);
    add(new Event.Told(rank, call, outcome, world.scheduler().nanoTime()));
    look(false);
  }

  void pruned(int keepLast, long keepEvery) {
    add(new Event.Pruned(keepLast, keepEvery));
  }

  /** Takes note of what is visible on the disk now. */
  void look(boolean isThorough) {
    DiskView view = new DiskView(world);
    add(new Event.Seen(view.checkpoints(isThorough), view.replaced(), isThorough));
  }

  /**
   * Frees what processes that were killed could not free; returns how many that were not killed
   * have kept memory.
   */
  int freeAll(boolean anyDied) {
    int holding = 0;
    for (Checkpointer checkpointer : checkpointers) {
      if (SimulatedCheckpointers.holdsMemory(checkpointer)) {
        holding += anyDied ? 0 : 1;
        SimulatedCheckpointers.free(checkpointer);
      }
    }
    checkpointers.clear();
    return holding;
  }
}
