package dev.cairn.simulation.world;

import dev.cairn.simulation.history.DiskCall;
import dev.cairn.simulation.history.Fault;
import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.scheduling.Fiber;
import dev.cairn.simulation.scheduling.Phase;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Makes every call of one process's disk a step of the history, at which faults may strike, and
 * into which no other thread's call comes unless a fault lets it.
 */
final class DiskSteps {
  private static final int MOST_LOOK_NANOS = 600_000;

  private final World world;
  private final SimulatedProcess process;

  /** Calls that are not part of the history: the checker's. */
  static DiskSteps quiet() {
    return new DiskSteps(null, null);
  }

  DiskSteps(World world, SimulatedProcess process) {
    this.world = world;
    this.process = process;
  }

  /** Begins a call; throws if it fails before it has done anything. */
  DiskStep begin(DiskCall call, Path path) throws IOException {
    if (world == null) {
      return new DiskStep(this, call, path, Optional.empty());
    }
    world.scheduler().enter();
    try {
      return beginAlone(call, path);
    } catch (IOException | RuntimeException | Error e) {
      world.scheduler().leave();
      throw e;
    }
  }

  /** Ends a call. */
  void end() {
    if (world != null) {
      world.scheduler().leave();
    }
  }

  private DiskStep beginAlone(DiskCall call, Path path) throws IOException {
    world.scheduler().step();
    Fiber fiber = Fiber.current();
    if (fiber.phase() == Phase.COMMIT && call == DiskCall.LIST && path.equals(world.run())) {
      fiber.enter(Phase.RETAIN);
    }
    Optional<Fault> fault = world.faults().atDisk(process, call);
    DiskStep step = new DiskStep(this, call, path, fault);
    if (fault.isPresent() && fault.get().kind().isLate()) {
      world.faults().beLate(fault.get());
    }
    step.at(Fault.Moment.BEFORE);
    return step;
  }

  void opened() {
    if (process != null) {
      world.scheduler().alone(process::opened);
    }
  }

  void closed() {
    if (process != null) {
      world.scheduler().alone(process::closed);
    }
  }

  /** Lets a fault happen that is due. */
  void happen(Fault fault, DiskCall call, Path path) throws IOException {
    if (fault.kind().call().isPresent()) {
      trace(call, path, "fails");
      throw new FileSystemException(path.toString(), null, "Input/output error (injected)");
    }
    world.faults().happen(fault, process);
    if (fault.kind() == FaultKind.SECOND_PROCESS) { // it comes some way before this one goes on
      world.scheduler().sleep(world.upTo(MOST_LOOK_NANOS));
    }
  }

  void trace(DiskCall call, Path path, String result) {
    if (world == null) {
      return;
    }
    world
        .trace()
        .add(
            Fiber.current()
                + " "
                + call
                + " "
                + world.trace().stable(path.toString())
                + " "
                + world.trace().stable(result));
  }
}
