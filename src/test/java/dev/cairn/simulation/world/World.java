package dev.cairn.simulation.world;

import dev.cairn.comm.RankGroup;
import dev.cairn.comm.SimulatedGroup;
import dev.cairn.comm.TcpControlGroup;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.scheduling.FreeScheduler;
import dev.cairn.simulation.scheduling.Scheduler;
import dev.cairn.simulation.scheduling.SeededScheduler;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.simulation.scheduling.Trace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A host with one disk, and the processes on it. */
public final class World {
  /** How long ranks wait for each other, by the clock of their world. */
  public static final Timeouts TIMEOUTS =
      new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(10));

  private static final Timeouts LONG =
      new Timeouts(Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ofSeconds(20));

  private static final Path RUN = Path.of("/sim/run");
  private static final long SECOND_NANOS = 1_000_000_000L;

  /** How processes come to be ranks of one group. */
  private interface Network {
    RankGroup connect(List<SimulatedProcess> processes, List<Machine> machines);
  }

  private final SplittableRandom random;
  private final Trace trace;
  private final Scheduler scheduler;
  private final Network network;
  private final Storage storage;
  private final Faults faults;
  private final List<Event> events = new ArrayList<>();
  private final List<SimulatedProcess> processes = new ArrayList<>();
  private int boots = 1;
  private long nextPid = 100;

  private World(
      SplittableRandom random,
      boolean canExchange,
      Trace trace,
      Scheduler scheduler,
      Network network,
      long lateUnitNanos) {
    this.random = random;
    this.trace = trace;
    this.scheduler = scheduler;
    this.network = network;
    this.storage = new Storage(canExchange, SimulatedMachine.timeOfDay(scheduler));
    this.faults = new Faults(this, lateUnitNanos);
    storage.findFolder(Path.of("/")).orElseThrow().force();
  }

  /** Returns one in which all follows from the seed: one thread runs at a time. */
  public static World simulated(SplittableRandom random, double switchRate, boolean canExchange) {
    Trace trace = new Trace();
    SeededScheduler scheduler = new SeededScheduler(random.split(), switchRate, trace);
    Network network =
        (processes, machines) -> new SimulatedGroup(scheduler, processes, machines, TIMEOUTS);
    return new World(random, canExchange, trace, scheduler, network, SECOND_NANOS);
  }

  /**
   * Returns one whose threads run as they like, in real time, and whose ranks talk over TCP. What
   * is late is so by 500 times less than in simulated time, and timeouts are longer: nobody is ever
   * so late, on a busy machine either, that the others give it up.
   */
  public static World overTcp(SplittableRandom random, double pauseRate, boolean canExchange) {
    Scheduler scheduler = new FreeScheduler(random.split(), pauseRate);
    Network network = (processes, machines) -> new TcpControlGroup(processes, machines, LONG);
    return new World(random, canExchange, new Trace(), scheduler, network, SECOND_NANOS / 500);
  }

  /** Returns the directory of the run. */
  public Path run() {
    return RUN;
  }

  public Scheduler scheduler() {
    return scheduler;
  }

  /** Makes the processes ranks of one group, in this order. */
  public RankGroup connect(List<SimulatedProcess> ranks, List<Machine> machines) {
    return network.connect(ranks, machines);
  }

  Storage storage() {
    return storage;
  }

  public Trace trace() {
    return trace;
  }

  /** Returns what the checker is told, to be added to. */
  public List<Event> events() {
    return events;
  }

  public Faults faults() {
    return faults;
  }

  public SimulatedProcess newProcess(String name, int rank) {
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
  public boolean chance(int times) {
    return random.nextInt(times) == 0;
  }

  /** Returns a number from 0 to below {@code end}. */
  int upTo(int end) {
    return random.nextInt(end);
  }

  /** A process has ended by itself. */
  public void ended(SimulatedProcess process) {
    processes.remove(process);
  }

  /** All processes but one die, what was not forced is lost in part, and the host boots again. */
  public void cutPower(SimulatedProcess survivor) {
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
