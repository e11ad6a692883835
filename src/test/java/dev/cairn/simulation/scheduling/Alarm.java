package dev.cairn.simulation.scheduling;

/** Something that happens at a time, if nothing else happens before. */
public interface Alarm {
  /** Returns when, or {@link Long#MAX_VALUE}. */
  long dueNanos();

  /** The time has come. */
  void ring();
}
