package dev.cairn.simulation;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Outcome;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.simulation.world.DiskView;
import dev.cairn.simulation.world.World;
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
    world.scheduler().alone(() -> world.trace().add(world.trace().stable(line)));
  }

  void add(Event event) {
    world.scheduler().alone(() -> world.events().add(event));
  }

  void opened(Checkpointer checkpointer) {
    world.scheduler().alone(() -> checkpointers.add(checkpointer));
  }

  void began(SimulatedProcess process, Call call) {
    world.scheduler().alone(() -> beganAlone(process, call));
  }

  private void beganAlone(SimulatedProcess process, Call call) {
    process.check(); // a process that has died makes no call
    trace("rank " + process.rank() + " calls " + call);
    add(new Event.Began(process.rank(), call, world.scheduler().nanoTime()));
  }

  /** A rank's call has ended, or has thrown something. */
  void told(SimulatedProcess process, Call call, Outcome outcome) {
    world.scheduler().alone(() -> toldAlone(process, call, outcome));
  }

  private void toldAlone(SimulatedProcess process, Call call, Outcome outcome) {
    process.check(); // one that has died is told nothing
    trace("rank " + process.rank() + " is told of " + call + ": " + outcome);
    add(new Event.Told(process.rank(), call, outcome, world.scheduler().nanoTime()));
    look(false);
  }

  /** Returns what was thrown, as an outcome. */
  Outcome failed(Throwable thrown) {
    world.scheduler().enter();
    try {
      return Outcome.failed(thrown, world.trace().stable(thrown.toString()));
    } finally {
      world.scheduler().leave();
    }
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
      if (Checkpointers.holdsMemory(checkpointer)) {
        holding += anyDied ? 0 : 1;
        Checkpointers.free(checkpointer);
      }
    }
    checkpointers.clear();
    return holding;
  }
}
