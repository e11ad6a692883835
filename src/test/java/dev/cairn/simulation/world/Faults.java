package dev.cairn.simulation.world;

import dev.cairn.simulation.history.DiskCall;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Fault;
import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.scheduling.Fiber;
import dev.cairn.simulation.scheduling.Phase;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The faults that wait for their moment, and what happens when it comes. */
public final class Faults {
  private final World world;
  private final long lateUnitNanos;
  private final Tally tally = new Tally();
  private final List<Armed> armed = new ArrayList<>();
  private Runnable cutPower = () -> {};
  private Runnable secondProcess = () -> {};

  private static final class Armed {
    private final Fault fault;
    private int left;

    Armed(Fault fault) {
      this.fault = fault;
      this.left = fault.nth();
    }
  }

  /**
   * Creates ones none of which wait.
   *
   * @param lateUnitNanos by how many of these a call is late
   */
  Faults(World world, long lateUnitNanos) {
    this.world = world;
    this.lateUnitNanos = lateUnitNanos;
  }

  /** Sets what happens at a power cut, and when a second process is to look. */
  public void onEvent(Runnable powerCut, Runnable look) {
    cutPower = powerCut;
    secondProcess = look;
  }

  /** Replaces the faults that wait. */
  public void arm(List<Fault> faults) {
    armed.clear();
    faults.forEach(fault -> armed.add(new Armed(fault)));
  }

  public Tally tally() {
    return tally;
  }

  /** Takes note of a fault that the history itself makes happen. */
  void count(Phase phase, FaultKind kind) {
    tally.add(phase, kind);
  }

  private Optional<Fault> match(SimulatedProcess process, DiskCall call, boolean isThread) {
    Fiber fiber = Fiber.current();
    for (int index = 0; index < armed.size(); index++) {
      Armed candidate = armed.get(index);
      Fault fault = candidate.fault;
      boolean isMeant =
          fault.rank() == process.rank()
              && fault.slot() == fiber.slot()
              && fault.phase() == fiber.phase()
              && (fault.kind().isOfAnyStep()
                  || (call != null && fault.kind().call().orElse(null) == call)
                  || (isThread && fault.kind() == FaultKind.NO_THREAD));
      if (isMeant && candidate.left-- == 0) {
        armed.remove(index);
        tally.add(fault.phase(), fault.kind());
        world.trace().add("fault: " + fault);
        long late = fault.kind().isLate() ? lateNanos(fault) : 0;
        world.events().add(new Event.Struck(fault.kind(), fault.slot(), fault.rank(), late));
        return Optional.of(fault);
      }
    }
    return Optional.empty();
  }

  /** A thread waits or sends: a process may die here. */
  void atStep(SimulatedProcess process) {
    strike(process, false);
  }

  /** A thread is to be started. */
  void atThread(SimulatedProcess process) {
    if (strike(process, true) == FaultKind.NO_THREAD) {
      throw new OutOfMemoryError("unable to create native thread: possibly out of memory");
    }
  }

  /** Lets happen what strikes here; returns what has, or null. */
  private FaultKind strike(SimulatedProcess process, boolean isThread) {
    world.scheduler().enter();
    try {
      Optional<Fault> fault = match(process, null, isThread);
      fault.ifPresent(due -> happen(due, process));
      return fault.map(Fault::kind).orElse(null);
    } finally {
      world.scheduler().leave();
    }
  }

  /** Returns what strikes this call of the disk, if anything does; the disk lets it happen. */
  Optional<Fault> atDisk(SimulatedProcess process, DiskCall call) {
    return match(process, call, false);
  }

  /** Lets happen what concerns more than one call of a disk. */
  void happen(Fault fault, SimulatedProcess process) {
    switch (fault.kind()) {
      case RANK_DIES -> {
        world.events().add(new Event.Died(process.rank()));
        process.die();
      }
      case POWER_CUT -> cut(process);
      case SECOND_PROCESS -> secondProcess.run();
      default -> {} // the call itself fails
    }
    process.check();
  }

  private void cut(SimulatedProcess process) {
    if (process.rank() == 0 && Fiber.current().phase() == Phase.COMMIT) {
      tally.cutInCommit();
    }
    cutPower.run();
  }

  /** Lets a call be late. */
  void beLate(Fault fault) {
    world.scheduler().sleep(lateNanos(fault));
  }

  /** By little, by more than a timeout, or by several. */
  private long lateNanos(Fault fault) {
    return switch (fault.moment()) {
      case BEFORE -> 3 * lateUnitNanos;
      case MIDDLE -> 11 * lateUnitNanos;
      case AFTER -> 45 * lateUnitNanos;
    };
  }
}
