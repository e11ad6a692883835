/** The machine that is measured on: its disk, its memory, and what it is asked to do. */
package dev.cairn.benchmarks.machine;
