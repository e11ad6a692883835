package dev.cairn.simulation.history;

/** The calls that a trainer makes. */
public enum CallKind {
  SAVE,
  SAVE_ASYNC,
  BEGIN_SAVE,
  SAVE_LAST,
  /** A folder beside the run. */
  SAVE_FOLDER,
  /** A checkpoint of one tensor file. */
  SINGLE_FILE,
  /** A checkpoint of an adapter. */
  ADAPTER,
  LATEST,
  /** The latest checkpoint is looked for and read back. */
  RESTORE,
  /** Memory for snapshots is allocated; not collective. */
  RESERVE,
  /** Rank 0 deletes what is surplus, as a tool does; not collective. */
  PRUNE;

  public boolean isSave() {
    return switch (this) {
      case LATEST, RESTORE, RESERVE, PRUNE -> false;
      default -> true;
    };
  }

  public boolean isInBackground() {
    return this == SAVE_ASYNC || this == BEGIN_SAVE;
  }

  public boolean isCollective() {
    return this != RESERVE && this != PRUNE;
  }
}
