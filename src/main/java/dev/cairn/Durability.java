package dev.cairn;

/** What a finished save survives. The files are the same either way. */
public enum Durability {
  /**
   * A power cut: data, files and folders are forced to the disk before the rename that makes the
   * folder visible, its parent after.
   */
  DURABLE,
  /**
   * The death of any process, but not a power cut: the operating system writes back when it likes.
   */
  FAST
}
