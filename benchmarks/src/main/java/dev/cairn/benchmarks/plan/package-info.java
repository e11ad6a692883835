/** Planning a save of many tensors, without the save. */
package dev.cairn.benchmarks.plan;
