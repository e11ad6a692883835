/**
 * Who runs next in the simulated world: its threads and processes, its clock, and messages on their
 * way. A seed decides, or chance.
 */
package dev.cairn.simulation.scheduling;
