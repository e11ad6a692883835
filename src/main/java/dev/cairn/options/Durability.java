package dev.cairn.options;

/** What a finished save survives. The files are the same either way. */
public enum Durability {
  /**
   * A power cut: data, files and folders are forced to the disk before the rename that makes the
   * folder visible, its parent after.
   */
  DURABLE(true),
  /**
   * A power cut, as {@link #DURABLE}. Whole blocks are written past the page cache, which so keeps
   * what others have in it, and a large save takes as long whatever the cache does; where the cache
   * has room {@code DURABLE} may be faster. File systems that refuse are written to as {@code
   * DURABLE} does, which is logged once.
   */
  DURABLE_DIRECT(true),
  /**
   * The death of any process, but not a power cut: the operating system writes back when it likes.
   */
  FAST(false);

  private final boolean isForced;

  Durability(boolean isForced) {
    this.isForced = isForced;
  }

  /** {@return whether everything is on the disk before a folder is visible} */
  public boolean isForced() {
    return isForced;
  }
}
