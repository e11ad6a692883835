/**
 * Random histories of the real code in a simulated world: calls, faults, the order of messages and
 * so the outcome follow from a seed.
 */
package dev.cairn.simulation;
