package dev.cairn.simulation;

import dev.cairn.comm.RankGroup;
import dev.cairn.machine.Machine;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.Generation;
import dev.cairn.simulation.history.History;
import dev.cairn.simulation.history.Setup;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.simulation.world.DiskView;
import dev.cairn.simulation.world.SimulatedMachine;
import dev.cairn.simulation.world.World;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Plays a history. */
final class Simulation {
  private static final int MOST_RANKS = 6;
  private static final ByteBuffer[] MEMORY = new ByteBuffer[MOST_RANKS];

  static {
    java.util.Arrays.setAll(MEMORY, rank -> ByteBuffer.allocateDirect(2048));
  }

  private final History history;
  private final World world;
  private final Stage stage;
  private final SimulatedProcess operator;
  private final List<SimulatedProcess> others = new ArrayList<>();
  private int generation;
  private boolean anyDied;

  private Simulation(History history, World world) {
    this.history = history;
    this.world = world;
    this.stage = new Stage(world);
    this.operator = world.newProcess("operator", -1);
  }

  /** Plays a history to its end and returns what happened, which is the same each time. */
  static Played play(History history) {
    SplittableRandom random = new SplittableRandom(history.seed());
    World world = World.simulated(random, history.switchRate(), history.canExchange());
    return new Simulation(history, world).play();
  }

  /** Plays a history over TCP, by threads that run as they like. */
  static Played playOverTcp(History history) {
    SplittableRandom random = new SplittableRandom(history.seed());
    World world = World.overTcp(random, history.switchRate(), history.canExchange());
    return new Simulation(history, world).play();
  }

  private Played play() {
    world.scheduler().run(operator, this::operate);
    return new Played(
        history,
        stage.events(),
        world.trace().lines(),
        world.scheduler().failures(),
        world.faults().tally());
  }

  private void operate() {
    world.faults().onEvent(this::cutPower, () -> new SecondProcess(stage).start(others));
    for (Generation next : history.generations()) {
      run(next);
      generation++;
    }
    stage.look(true);
  }

  private void cutPower() {
    stage.look(false);
    world.cutPower(operator);
    stage.add(new Event.PowerCut());
    stage.look(false);
  }

  private void run(Generation next) {
    Setup setup = next.setup();
    stage.trace("generation " + generation + ": " + next.ranks() + " ranks, " + setup);
    stage.add(new Event.Opened(next.ranks(), setup, new DiskView(world).hidden()));
    world.faults().arm(next.faults());
    anyDied = false;
    List<SimulatedProcess> processes = new ArrayList<>();
    for (int rank = 0; rank < next.ranks(); rank++) {
      processes.add(world.newProcess("r" + rank, rank));
    }
    List<Machine> machines = new ArrayList<>();
    processes.forEach(process -> machines.add(new SimulatedMachine(world, process)));
    RankGroup group = world.connect(processes, machines);
    for (int rank = 0; rank < next.ranks(); rank++) {
      SimulatedProcess process = processes.get(rank);
      RankProgram program =
          new RankProgram(stage, next, process, group.communicators().get(rank), MEMORY[rank]);
      world.scheduler().start(process, "main", program::run);
    }
    world.scheduler().awaitEnd(processes);
    world.scheduler().awaitEnd(others);
    group.end();
    processes.addAll(others);
    others.clear();
    close(processes);
  }

  private void close(List<SimulatedProcess> processes) {
    int openFiles = 0;
    for (SimulatedProcess process : processes) {
      openFiles += process.openFiles();
      anyDied |= process.isDead();
      world.ended(process);
    }
    stage.add(new Event.Closed(0, openFiles, stage.freeAll(anyDied), new DiskView(world).hidden()));
    stage.look(false);
  }
}
