/** How long a save in the background holds a trainer. */
package dev.cairn.benchmarks.stall;
