package dev.cairn.simulation;

import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What one simulated process gets from its machine: the scheduler's time, threads and waiting. */
final class SimulatedMachine implements Machine {
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  private final World world;
  private final SimulatedProcess process;

  SimulatedMachine(World world, SimulatedProcess process) {
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

  @Override
  public void start(String name, Runnable work) {
    world.scheduler().step();
    world.faults().atThread(process);
    world.scheduler().start(process, name, work);
  }

  /** In line, one after the other: which of them comes first is not what histories are about. */
  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    world.scheduler().step();
    List<Throwable> thrown = new ArrayList<>();
    OutOfMemoryError scarce = null;
    for (Work work : works) {
      try {
        if (scarce != null) {
          throw scarce;
        }
        world.faults().atThread(process);
        work.run();
        thrown.add(null);
      } catch (OutOfMemoryError e) {
        scarce = e;
        thrown.add(e);
      } catch (Throwable e) { // handed to the caller, whatever it is
        thrown.add(e);
      }
    }
    return thrown;
  }

  @Override
  public void await(Object monitor, long timeoutMillis) {
    world.faults().atStep(Scheduler.current().process());
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
    return world.isDead(other);
  }
}
