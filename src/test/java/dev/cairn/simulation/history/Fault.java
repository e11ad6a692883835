package dev.cairn.simulation.history;

import dev.cairn.simulation.scheduling.Phase;

/**
 * A fault that waits for its moment.
 *
 * @param kind what happens
 * @param slot number of the call in which it does
 * @param phase in which phase of it
 * @param rank on which rank
 * @param nth at which call of the kind, or step, in that phase, from 0
 * @param moment before that call, in its middle, or after it
 */
public record Fault(FaultKind kind, int slot, Phase phase, int rank, int nth, Moment moment) {
  /** When, as to the call of the disk that it strikes. */
  public enum Moment {
    BEFORE,
    MIDDLE,
    AFTER
  }
}
