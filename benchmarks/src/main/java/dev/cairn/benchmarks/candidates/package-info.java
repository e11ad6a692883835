/** Ways to do a piece of work that are measured in turn: processes, ranks, recorded peers. */
package dev.cairn.benchmarks.candidates;
