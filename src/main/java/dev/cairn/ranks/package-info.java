/**
 * Ranks that go from phase to phase together, or fail together: how a phase ended is a fact of the
 * group.
 */
package dev.cairn.ranks;
