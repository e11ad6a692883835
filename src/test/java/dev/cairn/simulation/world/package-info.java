/** The simulated world: a host with a disk, on which faults strike and which loses its power. */
package dev.cairn.simulation.world;
