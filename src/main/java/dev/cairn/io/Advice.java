package dev.cairn.io;

/** What will be done with a range of a file's bytes. */
public enum Advice {
  /** They will be read soon: read ahead. */
  WILL_NEED,
  /** They will not be needed: those already on disk may leave the page cache. */
  DONT_NEED,
  /** They will be forced soon: the disk may begin to write them now. */
  WRITE_BACK
}
