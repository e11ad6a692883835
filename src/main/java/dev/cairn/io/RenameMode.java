package dev.cairn.io;

/** What an atomic rename does that {@code Files.move} cannot. */
public enum RenameMode {
  /** Refuses if the target exists. */
  NO_REPLACE,
  /** Exchanges source and target; both must exist. */
  EXCHANGE
}
