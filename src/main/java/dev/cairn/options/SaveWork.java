package dev.cairn.options;

/**
 * The kinds of work in a save that are measured one by one, as {@link SaveReport} adds them up and
 * as the Flight Recorder shows them: an event {@code dev.cairn.Plan} and so on each time.
 */
public enum SaveWork {
  /** Arithmetic and the ranks' agreement; its bytes are those of the checkpoint. */
  PLAN,
  /** Elements cast to the saved dtype and checksummed; bytes of the result. */
  CAST,
  /** Chunks sent to rank 0, until they are handed over. */
  SEND,
  /** Chunks received by rank 0, from the moment they are asked for. */
  RECEIVE,
  /** Bytes written to files. */
  WRITE,
  /** Files and folders forced to the disk; bytes of the ranges that were waited for. */
  FORCE,
  /** Manifest, marker and rename, until every rank knows; its bytes are those of the checkpoint. */
  COMMIT
}
