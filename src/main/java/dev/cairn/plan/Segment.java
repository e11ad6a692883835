package dev.cairn.plan;

import dev.cairn.tensor.DType;

/**
 * A byte range of an output file that one rank writes: a run of elements of one tensor, all from
 * one run of that rank's memory.
 *
 * @param rank the rank that has the elements
 * @param file index into {@link SavePlan#files()}
 * @param fileOffset first byte in the file
 * @param lengthBytes bytes in the file, in the saved dtype
 * @param tensor index into {@link SavePlan#tensors()}
 * @param elementOffset first element, counted in the whole row-major tensor
 * @param elements count of elements
 * @param partitionElementOffset first element, counted in the rank's partition
 */
public record Segment(
    int rank,
    int file,
    long fileOffset,
    long lengthBytes,
    int tensor,
    long elementOffset,
    long elements,
    long partitionElementOffset) {
  /** {@return the byte after the last one in the file} */
  public long fileEnd() {
    return fileOffset + lengthBytes;
  }

  /**
   * {@return some of its elements, with their places in the file, the tensor and the partition}
   *
   * @param first counted in this segment, from 0
   * @param count of elements; {@code first + count} is at most {@link #elements}
   * @param saved the dtype in the file; where it is narrower than a byte, the part begins and ends
   *     on one
   */
  public Segment part(long first, long count, DType saved) {
    return new Segment(
        rank,
        file,
        fileOffset + saved.bytes(first),
        saved.bytes(count),
        tensor,
        elementOffset + first,
        count,
        partitionElementOffset + first);
  }
}
