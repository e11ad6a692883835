package dev.cairn.options;

/** The phases of a save, in order. */
public enum SavePhase {
  /** Partitions copied, cast, into host memory; of an asynchronous save only. */
  SNAPSHOT,
  /** Arithmetic, and the ranks' agreement about it. */
  PLAN,
  /** The temporary folder, its files with their lengths reserved, headers and small files. */
  PREPARE,
  /** Partitions cast, moved and written. */
  COPY,
  /** Files forced to the disk, if the save is durable. */
  FORCE,
  /** Manifest, marker, rename. */
  COMMIT
}
