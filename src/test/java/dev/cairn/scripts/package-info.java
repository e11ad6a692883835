/** The scripts below {@code benchmarks}, run once and small, so that they work when needed. */
package dev.cairn.scripts;
