package dev.cairn.plan;

import java.util.List;

/**
 * A byte range of one file that fits one staging buffer, made of parts of segments that follow each
 * other without a hole.
 *
 * @param pieces what each of the segments has in it: at least one, in file order
 */
public record Chunk(List<Segment> pieces) {
  /** {@return the index into {@link SavePlan#files()} of the file that it belongs to} */
  public int file() {
    return pieces.get(0).file();
  }

  /** {@return the first byte in the file} */
  public long fileOffset() {
    return pieces.get(0).fileOffset();
  }

  /** {@return how many bytes the chunk has; never more than a staging buffer} */
  public int lengthBytes() {
    return Math.toIntExact(pieces.get(pieces.size() - 1).fileEnd() - fileOffset());
  }
}
