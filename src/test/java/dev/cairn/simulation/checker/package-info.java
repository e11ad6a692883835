/** Judges what has happened in a simulated world by what Cairn promises. */
package dev.cairn.simulation.checker;
