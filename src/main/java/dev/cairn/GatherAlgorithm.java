package dev.cairn;

/** How ranks whose partitions are on GPUs bring them to rank 0 with NCCL. */
public enum GatherAlgorithm {
  /**
   * All-gathers: every rank gets all bytes, and all but rank 0 drop them at once. As many bytes go
   * into rank 0 as by {@link #SEND_RECEIVE}, {@code (n - 1) / n} of the model, and they come
   * through all of its host's network cards.
   */
  ALL_GATHER,
  /**
   * Sends to rank 0: the other ranks move {@code 1 / n} of the model each, and take a bucket's
   * {@code 1 / n} of device memory.
   */
  SEND_RECEIVE
}
