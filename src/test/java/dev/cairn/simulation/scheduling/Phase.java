package dev.cairn.simulation.scheduling;

/** What a simulated thread is doing. */
public enum Phase {
  /** Between calls, or in what is no phase of its own. */
  IDLE,
  /** Memory is reserved, a checkpointer opened. */
  OPEN,
  /** As in {@link dev.cairn.options.SavePhase}. */
  SNAPSHOT,
  /** As in {@link dev.cairn.options.SavePhase}. */
  PLAN,
  /** As in {@link dev.cairn.options.SavePhase}. */
  PREPARE,
  /** As in {@link dev.cairn.options.SavePhase}. */
  COPY,
  /** As in {@link dev.cairn.options.SavePhase}. */
  FORCE,
  /** As in {@link dev.cairn.options.SavePhase}. */
  COMMIT,
  /** After a commit: what the retention does not keep is deleted. */
  RETAIN,
  /** The latest checkpoint is looked for. */
  LATEST,
  /** A checkpoint is read back. */
  RESTORE,
  /** A tool deletes what is surplus. */
  PRUNE,
  /** The checkpointer is closed. */
  CLOSE
}
