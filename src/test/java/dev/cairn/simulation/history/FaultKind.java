package dev.cairn.simulation.history;

import java.util.Optional;

/** What can go wrong. */
public enum FaultKind {
  OPEN_FAILS(DiskCall.OPEN, false),
  READ_FAILS(DiskCall.READ, false),
  WRITE_FAILS(DiskCall.WRITE, false),
  FORCE_FAILS(DiskCall.FORCE, false),
  CLOSE_FAILS(DiskCall.CLOSE, false),
  RENAME_FAILS(DiskCall.RENAME, false),
  EXCHANGE_FAILS(DiskCall.EXCHANGE, false),
  DELETE_FAILS(DiskCall.DELETE, false),
  FOLDER_FAILS(DiskCall.FOLDER, false),
  LIST_FAILS(DiskCall.LIST, false),
  FIND_FAILS(DiskCall.FIND, false),
  OPEN_LATE(DiskCall.OPEN, true),
  READ_LATE(DiskCall.READ, true),
  WRITE_LATE(DiskCall.WRITE, true),
  FORCE_LATE(DiskCall.FORCE, true),
  CLOSE_LATE(DiskCall.CLOSE, true),
  RENAME_LATE(DiskCall.RENAME, true),
  EXCHANGE_LATE(DiskCall.EXCHANGE, true),
  LIST_LATE(DiskCall.LIST, true),
  /** The system gives no thread. */
  NO_THREAD,
  /** A process dies; its files stay. */
  RANK_DIES,
  /** All processes die, and what was not forced is gone in part. */
  POWER_CUT,
  /** Another process looks at the run, or prunes it. */
  SECOND_PROCESS,
  /** A rank hands over partitions that do not fit. */
  WRONG_ARGUMENTS,
  /** A rank makes another call than the others. */
  OTHER_CALL;

  private final DiskCall call;
  private final boolean isLate;

  FaultKind() {
    this(null, false);
  }

  FaultKind(DiskCall call, boolean isLate) {
    this.call = call;
    this.isLate = isLate;
  }

  /** Returns the call of the disk that it strikes, if it is one. */
  public Optional<DiskCall> call() {
    return Optional.ofNullable(call);
  }

  public boolean isLate() {
    return isLate;
  }

  /** Returns whether it strikes at any step, whatever that is. */
  public boolean isOfAnyStep() {
    return this == RANK_DIES || this == POWER_CUT || this == SECOND_PROCESS;
  }
}
