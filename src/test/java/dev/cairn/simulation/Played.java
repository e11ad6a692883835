package dev.cairn.simulation;

import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.History;
import dev.cairn.simulation.world.Tally;
import java.util.List;

/**
 * A history that has been played.
 *
 * @param history what was to happen
 * @param events for the checker
 * @param trace all that happened, line by line
 * @param failures what must never happen in the simulated world itself: deadlocks, threads that
 *     throw
 * @param tally which faults have struck
 */
record Played(
    History history,
    List<Event> events,
    List<String> trace,
    List<Throwable> failures,
    Tally tally) {}
