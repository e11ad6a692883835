/** What is made of timings: goals, tables, charts, comparisons. */
package dev.cairn.benchmarks.report;
