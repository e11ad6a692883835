package dev.cairn.simulation.history;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the checker of the invariants is told, in the order in which it happened. */
public sealed interface Event {
  /** A job begins. */
  record Opened(int ranks, Setup setup, List<String> hidden) implements Event {}

  /** A rank makes a call. */
  record Began(int rank, Call call, long nanos) implements Event {}

  /**
   * A rank is told how a call has ended; a save in the background is told of when it is awaited.
   */
  record Told(int rank, Call call, Outcome outcome, long nanos) implements Event {}

  /** A rank's process has died. */
  record Died(int rank) implements Event {}

  /** A fault has struck. */
  record Struck(FaultKind kind, int slot, int rank, long lateNanos) implements Event {}

  /** All processes have died, and what was not forced is lost in part. */
  record PowerCut() implements Event {}

  /** Somebody deletes surplus checkpoints. */
  record Pruned(int keepLast, long keepEvery) implements Event {}

  /** Another process has found a checkpoint, or none (-1). */
  record Looked(long step) implements Event {}

  /**
   * What is visible on the disk, by step; and which steps are being replaced, by two renames
   * between which nothing is visible.
   */
  record Seen(Map<Long, Contents> checkpoints, Set<Long> replaced, boolean isThorough)
      implements Event {}

  /** All processes of the job have ended: what they left. */
  record Closed(int threads, int openFiles, int unfreed, List<String> hidden) implements Event {}
}
