package dev.cairn.simulation.scheduling;

/** Ends every thread of a process that the simulation has killed, at its next step. */
public final class ProcessKilled extends Error {
  private static final long serialVersionUID = 1L;

  ProcessKilled() {
    super("the simulation has killed this process", null, false, false);
  }
}
