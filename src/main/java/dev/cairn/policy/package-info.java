/**
 * How often to save, and what a checkpoint takes: arithmetic over what the caller measured. Pure:
 * no clocks, files or threads.
 */
package dev.cairn.policy;
