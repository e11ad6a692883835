package dev.cairn.simulation.history;

import java.util.List;

/**
 * What is to happen in a simulated world, but for what chance decides.
 *
 * @param seed of all chance
 * @param switchRate how often a step gives the turn away
 * @param canExchange whether the file system swaps entries in one step
 * @param generations one after the other
 */
public record History(
    long seed, double switchRate, boolean canExchange, List<Generation> generations) {}
