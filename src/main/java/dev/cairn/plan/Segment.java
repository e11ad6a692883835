package dev.cairn.plan;

import dev.cairn.tensor.DType;

/**
 * Bytes of an output file that one rank writes: a run of elements of one tensor, all from one run
 * of that rank's memory. What a rank holds of rows that it shares with others is several runs in
 * the file, equally long and equally far apart, and still one in memory.
 *
 * @param rank the rank that has the elements
 * @param file index into {@link SavePlan#files()}
 * @param fileOffset first byte in the file
 * @param lengthBytes bytes in the file, in the saved dtype, without what lies between the runs
 * @param tensor index into {@link SavePlan#tensors()}
 * @param elementOffset first element, counted in the whole row-major tensor
 * @param elements count of elements
 * @param partitionElementOffset first element, counted in the rank's partition
 * @param rows count of runs in the file, 1 for most
 * @param rowBytes from the beginning of one run to that of the next
 */
public record Segment(
    int rank,
    int file,
    long fileOffset,
    long lengthBytes,
    int tensor,
    long elementOffset,
    long elements,
    long partitionElementOffset,
    long rows,
    long rowBytes) {
  /**
   * Creates a segment that is one run in the file.
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
  public Segment(
      int rank,
      int file,
      long fileOffset,
      long lengthBytes,
      int tensor,
      long elementOffset,
      long elements,
      long partitionElementOffset) {
    this(
        rank,
        file,
        fileOffset,
        lengthBytes,
        tensor,
        elementOffset,
        elements,
        partitionElementOffset,
        1,
        lengthBytes);
  }

  /** {@return the bytes of one run in the file} */
  public long runBytes() {
    return lengthBytes / rows;
  }

  /** {@return the byte after the last one in the file} */
  public long fileEnd() {
    return fileOffset + (rows - 1) * rowBytes + runBytes();
  }

  /**
   * {@return some of its elements, with their places in the file, the tensor and the partition}
   * Only of a segment of one run.
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

  /** Returns some of its rows, from the {@code first} on. */
  Segment rowsOf(long first, long count) {
    long runElements = elements / rows;
    long rowElements = Math.multiplyExact(rowBytes, elements) / lengthBytes;
    return new Segment(
        rank,
        file,
        fileOffset + first * rowBytes,
        runBytes() * count,
        tensor,
        elementOffset + first * rowElements,
        runElements * count,
        partitionElementOffset + first * runElements,
        count,
        rowBytes);
  }
}
