package dev.cairn.simulation.world;

import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import dev.cairn.simulation.scheduling.Fiber;
import dev.cairn.simulation.scheduling.ProcessKilled;
import dev.cairn.simulation.scheduling.Scheduler;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What one simulated process gets from its machine: the scheduler's time, threads and waiting. */
public final class SimulatedMachine implements Machine {
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  private final World world;
  private final SimulatedProcess process;

  public SimulatedMachine(World world, SimulatedProcess process) {
    this.world = world;
    this.process = process;
  }

  static Instant timeOfDay(Scheduler scheduler) {
    return EPOCH.plusNanos(scheduler.nanoTime());
  }

  @Override
  public long nanoTime() {
    return world.scheduler().nanoTime();
  }

  @Override
  public Instant now() {
    return timeOfDay(world.scheduler());
  }

  /** No step: whoever starts a thread may hold a monitor, for which the next one would wait. */
  @Override
  public void start(String name, Runnable work) {
    world.faults().atThread(process);
    world.scheduler().start(process, name, work);
  }

  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    world.scheduler().step();
    Throwable[] thrown = new Throwable[works.size()];
    List<Runnable> waits = new ArrayList<>();
    try {
      for (int index = 0; index < works.size(); index++) {
        world.faults().atThread(process);
        int number = index;
        Runnable work = () -> thrown[number] = works.get(number).attempt();
        waits.add(world.scheduler().fork(process, name, work));
      }
    } catch (OutOfMemoryError | ProcessKilled e) { // of this one and those after it
      Arrays.fill(thrown, waits.size(), thrown.length, e);
    }
    waits.forEach(Runnable::run);
    return Arrays.asList(thrown);
  }

  @Override
  public void await(Object monitor, long timeoutMillis) {
    world.faults().atStep(Fiber.current().process());
    world.scheduler().awaitMillis(monitor, timeoutMillis);
  }

  @Override
  public void wake(Object monitor) {
    world.scheduler().wake(monitor);
  }

  @Override
  public ProcessIdentity self() {
    return process.identity();
  }

  @Override
  public boolean isDead(ProcessIdentity other) {
    world.scheduler().enter();
    try {
      return world.isDead(other);
    } finally {
      world.scheduler().leave();
    }
  }
}
