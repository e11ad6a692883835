package dev.cairn.plan;

import java.util.List;

/**
 * What all ranks put together in one collective: every rank gives as many bytes, of which only the
 * first are data, and gets everybody's, rank after rank.
 *
 * @param parts parts of segments, cast to the saved dtype, in file order
 * @param rankBytes how much each rank gives, a multiple of 16
 * @param orderedBytes how much room the parts take in file order
 */
public record Bucket(List<Part> parts, long rankBytes, long orderedBytes) {
  /** Every part begins where its rank's contribution has this alignment. */
  public static final int ALIGNMENT_BYTES = 16;

  /**
   * A part of a segment that fits.
   *
   * @param segment which elements, and where they go in the file
   * @param rankOffset its first byte in its rank's contribution
   * @param orderedOffset its first byte when the parts are in file order: parts that follow each
   *     other in a file do so here
   */
  public record Part(Segment segment, long rankOffset, long orderedOffset) {}

  /**
   * {@return how many bytes of a rank's contribution are data or between data; the rest up to
   * {@code rankBytes} is padding}
   *
   * @param rank in [0, world size)
   */
  public long usedBytes(int rank) {
    long used = 0;
    for (Part part : parts) {
      if (part.segment().rank() == rank) {
        used = aligned(part.rankOffset() + part.segment().lengthBytes());
      }
    }
    return used;
  }

  static long aligned(long offset) {
    return (offset + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
  }
}
