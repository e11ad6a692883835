package dev.cairn.options;

/**
 * How ranks whose partitions are on GPUs bring them to rank 0 with NCCL.
 *
 * <p>{@link #ALL_GATHER} is the default, though only rank 0 keeps what it brings. Of a model of S
 * bytes on n ranks, {@code S * (n - 1) / n} go into rank 0 either way, and that is what bounds the
 * time: the slowest link into rank 0. What all-gathers add is out of and into the other ranks,
 * whose links are idle otherwise, at the same time. In return the ring brings the bytes to rank 0's
 * host through every network card that it has, where sends to one rank go through that rank's
 * alone; and it is the collective that trainers with ZeRO-3 use all the time, so that its channels
 * are set up and its speed is known. It costs device memory: of two buckets of B bytes on every
 * rank, {@code 2 * B} where {@link #SEND_RECEIVE} takes {@code 2 * B / n}.
 */
public enum GatherAlgorithm {
  /** All-gathers, the default: every rank gets all bytes, and all but rank 0 drop them at once. */
  ALL_GATHER,
  /**
   * Sends to rank 0, for ranks without memory to spare: the other ranks move {@code 1 / n} of the
   * model each, and take a bucket's {@code 1 / n} of device memory.
   */
  SEND_RECEIVE
}
