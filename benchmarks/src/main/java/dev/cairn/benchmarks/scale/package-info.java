/**
 * Many ranks on one machine: rank 0's control channel beside thousands of others, and threads as
 * ranks.
 */
package dev.cairn.benchmarks.scale;
