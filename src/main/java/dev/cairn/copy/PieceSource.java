package dev.cairn.copy;

import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * This rank's own pieces: chunks that are all its own, and single pieces of chunks that are not.
 */
public interface PieceSource extends ChunkSource {
  /**
   * Fills one piece, and waits until it is there. Any thread.
   *
   * @param piece of this rank
   * @param target part of a staging buffer; filled from its position, which is not moved
   * @throws IOException if the bytes cannot be had
   */
  void fill(Segment piece, ByteBuffer target) throws IOException;

  /**
   * Adds the next piece of a chunk: filled into its place, or taken from where it lies. Any thread.
   *
   * @param piece of this rank
   * @param parts of the chunk, up to this piece
   * @throws IOException if the bytes cannot be had
   */
  default void add(Segment piece, ChunkParts parts) throws IOException {
    int lengthBytes = Math.toIntExact(piece.lengthBytes());
    fill(piece, parts.nextPlace(lengthBytes));
    parts.addPlaced(lengthBytes);
  }

  /**
   * {@return a piece where it lies, if it is there as it is to be saved; otherwise null, and it has
   * to be filled} Nobody takes its checksum.
   *
   * @param piece of this rank
   */
  default ByteBuffer inPlace(Segment piece) {
    return null;
  }
}
