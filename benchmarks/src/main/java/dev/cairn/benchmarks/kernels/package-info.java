/** The kernels, each beside what memory or a known implementation in C++ allows. */
package dev.cairn.benchmarks.kernels;
