package dev.cairn.simulation.history;

/** The kinds of calls of a disk, as far as faults tell them apart. */
public enum DiskCall {
  /** A file is created, or opened for writing or reading. */
  OPEN,
  READ,
  WRITE,
  /** A file or a folder is forced. */
  FORCE,
  CLOSE,
  RENAME,
  EXCHANGE,
  /** A file or folder is deleted. */
  DELETE,
  /** A folder is created. */
  FOLDER,
  LIST,
  /** A path is looked at. */
  FIND
}
