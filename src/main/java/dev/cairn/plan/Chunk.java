package dev.cairn.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * Parts of segments that go through one staging buffer together, one behind the other, all of one
 * file. Most chunks are one range of the file; between the pieces of a pack there are holes.
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

  /** {@return how many bytes the pieces have; never more than a staging buffer} */
  public int lengthBytes() {
    long lengthBytes = 0;
    for (Segment piece : pieces) {
      lengthBytes += piece.lengthBytes();
    }
    return Math.toIntExact(lengthBytes);
  }

  /**
   * {@return how many bytes a rank's pieces have}
   *
   * @param rank may have none
   */
  public int lengthBytes(int rank) {
    long lengthBytes = 0;
    for (Segment piece : pieces) {
      lengthBytes += piece.rank() == rank ? piece.lengthBytes() : 0;
    }
    return Math.toIntExact(lengthBytes);
  }

  /**
   * {@return a chunk of the interleaved tensors as the range of the file that its pieces fill
   * together, one piece for each tensor}
   *
   * @param rank who has put it together
   */
  public Chunk together(int rank) {
    List<Segment> wholes = new ArrayList<>();
    for (int first = 0, end = 0; first < pieces.size(); first = end) {
      Segment piece = pieces.get(first);
      long lengthBytes = 0;
      long elements = 0;
      for (; end < pieces.size() && pieces.get(end).tensor() == piece.tensor(); end++) {
        lengthBytes += pieces.get(end).lengthBytes();
        elements += pieces.get(end).elements();
      }
      wholes.add(
          new Segment(
              rank,
              piece.file(),
              piece.fileOffset(),
              lengthBytes,
              piece.tensor(),
              piece.elementOffset(),
              elements,
              0));
    }
    return new Chunk(wholes);
  }

  /** {@return its ranges of the file, in order: the chunk itself if there are no holes} */
  public List<Chunk> runs() {
    List<Chunk> runs = new ArrayList<>();
    int begin = 0;
    for (int end = 1; end <= pieces.size(); end++) {
      if (end == pieces.size() || pieces.get(end).fileOffset() != pieces.get(end - 1).fileEnd()) {
        runs.add(new Chunk(pieces.subList(begin, end)));
        begin = end;
      }
    }
    return runs;
  }
}
