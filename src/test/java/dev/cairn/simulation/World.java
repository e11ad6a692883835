package dev.cairn.simulation;

import dev.cairn.machine.ProcessIdentity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A host with one disk, and the processes on it. */
final class World {
  private static final Path RUN = Path.of("/sim/run");

  private final SplittableRandom random;
  private final Trace trace = new Trace();
  private final Scheduler scheduler;
  private final Storage storage;
  private final Faults faults;
  private final List<Event> events = new ArrayList<>();
  private final List<SimulatedProcess> processes = new ArrayList<>();
  private int boots = 1;
  private long nextPid = 100;

  World(SplittableRandom random, double switchRate, boolean canExchange) {
    this.random = random;
    this.scheduler = new Scheduler(random.split(), switchRate, trace);
    this.storage = new Storage(canExchange, SimulatedMachine.timeOfDay(scheduler));
    this.faults = new Faults(this);
    storage.findFolder(Path.of("/")).orElseThrow().force();
  }

  /** Returns the directory of the run. */
  Path run() {
    return RUN;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  Storage storage() {
    return storage;
  }

  Trace trace() {
    return trace;
  }

  /** Returns what the checker is told, to be added to. */
  List<Event> events() {
    return events;
  }

  Faults faults() {
    return faults;
  }

  SimulatedProcess newProcess(String name, int rank) {
    ProcessIdentity identity =
        new ProcessIdentity("boot-" + boots, "pid:[1]", nextPid, scheduler.nanoTime() / 10_000_000);
    nextPid++;
    SimulatedProcess process = new SimulatedProcess(scheduler, name, rank, identity);
    processes.add(process);
    return process;
  }

  boolean isDead(ProcessIdentity other) {
    boolean isSeen = other.bootId().equals("boot-" + boots) && other.namespace().equals("pid:[1]");
    return isSeen
        && processes.stream()
            .noneMatch(process -> !process.isDead() && process.identity().equals(other));
  }

  /** Returns true once in so many times. */
  boolean chance(int times) {
    return random.nextInt(times) == 0;
  }

  /** Returns a number from 0 to below {@code end}. */
  int upTo(int end) {
    return random.nextInt(end);
  }

  /** A process has ended by itself. */
  void ended(SimulatedProcess process) {
    processes.remove(process);
  }

  /** All processes but one die, what was not forced is lost in part, and the host boots again. */
  void cutPower(SimulatedProcess survivor) {
    Node.Loss[] losses = Node.Loss.values();
    Node.Loss loss = losses[random.nextInt(losses.length)];
    trace.add("power cut, lost: " + loss);
    for (SimulatedProcess process : List.copyOf(processes)) {
      if (process != survivor) {
        process.die();
        processes.remove(process);
      }
    }
    storage.cutPower(loss, random);
    boots++;
  }
}
