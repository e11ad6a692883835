/**
 * What is to happen in a simulated world, drawn from a seed, and what has happened: calls, faults,
 * outcomes.
 */
package dev.cairn.simulation.history;
