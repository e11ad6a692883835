/**
 * Saves while something goes wrong in the real world: killed processes, full and slow disks, system
 * calls that fail, flipped bits. {@code dev.cairn.simulation} does the same in a simulated one.
 */
package dev.cairn.faults;
