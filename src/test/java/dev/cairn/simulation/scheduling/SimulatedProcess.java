package dev.cairn.simulation.scheduling;

import dev.cairn.machine.ProcessIdentity;

/** A process of the simulated world, until it dies. */
public final class SimulatedProcess {
  private final Scheduler scheduler;
  private final String name;
  private final int rank;
  private final ProcessIdentity identity;
  private volatile boolean isDead;
  private int openFiles;
  private int threads;
  private Runnable onDeath = () -> {};

  public SimulatedProcess(Scheduler scheduler, String name, int rank, ProcessIdentity identity) {
    this.scheduler = scheduler;
    this.name = name;
    this.rank = rank;
    this.identity = identity;
  }

  public ProcessIdentity identity() {
    return identity;
  }

  /** Returns its number among the ranks of a group; -1 if it is none. */
  public int rank() {
    return rank;
  }

  /** Sets what the rest of the world notices when the process dies. */
  public void onDeath(Runnable noticed) {
    onDeath = noticed;
  }

  /** Returns whether it has died. */
  public boolean isDead() {
    return isDead;
  }

  /** Ends the calling thread if its process has died. */
  public void check() {
    if (isDead) {
      throw new ProcessKilled();
    }
  }

  /** Kills the process: none of its threads does anything any more that others could see. */
  public void die() {
    if (!isDead) {
      isDead = true;
      openFiles = 0;
      scheduler.wakeAll(this);
      onDeath.run();
    }
  }

  void threadStarted() {
    threads++;
  }

  void threadEnded() {
    threads--;
  }

  public int threads() {
    return threads;
  }

  public void opened() {
    openFiles++;
  }

  public void closed() {
    openFiles--;
  }

  public int openFiles() {
    return openFiles;
  }

  @Override
  public String toString() {
    return name;
  }
}
