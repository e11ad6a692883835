package dev.cairn.plan;

import java.util.List;

/**
 * A byte range of one file that fits one staging buffer, made of parts of segments that follow each
 * other without a hole.
 *
 * @param pieces at least one, in file order
 */
public record Chunk(List<Segment> pieces) {
  /** Returns the index of the file in the plan. */
  public int file() {
    return pieces.get(0).file();
  }

  /** Returns the first byte in the file. */
  public long fileOffset() {
    return pieces.get(0).fileOffset();
  }

  /** Returns how many bytes the chunk has; never more than a staging buffer. */
  public int lengthBytes() {
    return Math.toIntExact(pieces.get(pieces.size() - 1).fileEnd() - fileOffset());
  }
}
