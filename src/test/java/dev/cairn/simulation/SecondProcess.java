package dev.cairn.simulation;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.RunDirectory;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.RankGroup;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Setup;
import dev.cairn.simulation.scheduling.Fiber;
import dev.cairn.simulation.scheduling.Phase;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.simulation.world.SimulatedDisk;
import dev.cairn.simulation.world.SimulatedMachine;
import dev.cairn.simulation.world.World;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Another process that looks at a run while it is trained: an evaluation, or a person's tool. */
final class SecondProcess {
  private static final int KEPT = 2;

  private final Stage stage;
  private final World world;

  SecondProcess(Stage stage) {
    this.stage = stage;
    this.world = stage.world();
  }

  /** Starts it beside the others, unless one runs. */
  void start(List<SimulatedProcess> others) {
    if (others.stream().anyMatch(other -> other.threads() > 0)) {
      return;
    }
    SimulatedProcess process = world.newProcess("other" + others.size(), -1);
    others.add(process);
    boolean prunes = world.chance(3);
    world.scheduler().start(process, "main", () -> run(process, prunes));
  }

  private void run(SimulatedProcess process, boolean prunes) {
    Fiber.current().begin(-2, Phase.IDLE);
    SimulatedMachine machine = new SimulatedMachine(world, process);
    SimulatedDisk disk = new SimulatedDisk(world, process);
    try {
      if (prunes) {
        stage.add(new Event.Pruned(KEPT, 0));
        RunDirectory directory = Checkpointers.directory(world.run(), disk, machine);
        directory.delete(directory.surplus(KEPT, 0));
        stage.trace(process + " has pruned");
      } else {
        look(process, machine, disk);
      }
    } catch (IOException | RuntimeException e) {
      process.check();
      stage.trace(process + ": " + e);
    }
  }

  private void look(SimulatedProcess process, SimulatedMachine machine, SimulatedDisk disk)
      throws IOException {
    RankGroup group = world.connect(List.of(process), List.of(machine));
    Setup setup = Setup.simple(SaveMode.GATHER, Durability.FAST);
    try (Communicator communicator = group.communicators().get(0);
        Checkpointer checkpointer =
            Checkpointers.open(
                communicator,
                setup.saveOptions(),
                Optional.of(setup.runOptions(world.run())),
                disk,
                machine)) {
      stage.opened(checkpointer);
      Optional<Checkpoint> found = checkpointer.latest();
      stage.trace(process + " finds " + found.map(Checkpoint::step));
      stage.add(new Event.Looked(found.map(Checkpoint::step).orElse(-1L)));
    } finally {
      group.end();
    }
  }
}
