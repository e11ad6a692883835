package dev.cairn.options;

/** Which ranks touch the disk. */
public enum SaveMode {
  /**
   * {@link #PARALLEL} if all ranks run on one host, or see one coherent network file system;
   * otherwise {@link #GATHER}, with the reason logged once.
   */
  AUTO,
  /** Rank 0 writes; the others send it their partitions, already cast. */
  GATHER,
  /** Every rank writes its own byte ranges of the final files; nothing is gathered. */
  PARALLEL
}
