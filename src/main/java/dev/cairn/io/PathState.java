package dev.cairn.io;

import java.time.Instant;

/**
 * What is at a path.
 *
 * @param kind what it is
 * @param lengthBytes of a file; of no meaning otherwise
 * @param modified when it last changed, by the clock of whoever keeps the files
 */
public record PathState(Kind kind, long lengthBytes, Instant modified) {
  /** What can be at a path. */
  public enum Kind {
    /** A regular file. */
    FILE,
    /** A folder. */
    FOLDER,
    /** A symbolic link, if it was not to be followed. */
    LINK,
    /** A pipe, socket or device. */
    OTHER
  }

  /** {@return whether it is a regular file} */
  public boolean isFile() {
    return kind == Kind.FILE;
  }

  /** {@return whether it is a folder} */
  public boolean isFolder() {
    return kind == Kind.FOLDER;
  }
}
