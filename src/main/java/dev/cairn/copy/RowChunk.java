package dev.cairn.copy;

import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.nio.ByteBuffer;

/**
 * A chunk of interleaved tensors while one rank puts it together, in the first half of a staging
 * buffer from what is in the second, so that it may be half as long.
 */
final class RowChunk {
  private final Chunk chunk;
  private final ByteBuffer staging;
  private final ByteBuffer rows;

  /** Begins one of which nothing is there. */
  RowChunk(Chunk chunk, ByteBuffer staging) {
    this.chunk = chunk;
    this.staging = staging;
    this.rows = staging.duplicate();
    rows.limit(rows.position() + chunk.lengthBytes());
  }

  /** Returns room in the second half. */
  ByteBuffer room(int begin, int lengthBytes) {
    int position = rows.limit() + begin;
    return staging.duplicate().limit(position + lengthBytes).position(position);
  }

  /** Puts the runs of a piece into their rows; they lie one behind the other from a position on. */
  void spread(Segment piece, ByteBuffer bytes) {
    int runBytes = Math.toIntExact(piece.runBytes());
    int rowBytes = Math.toIntExact(piece.rowBytes());
    int at = rows.position() + Math.toIntExact(piece.fileOffset() - chunk.fileOffset());
    int from = bytes.position();
    for (long row = 0; row < piece.rows(); row++) {
      rows.put(at, bytes, from, runBytes);
      at += rowBytes;
      from += runBytes;
    }
  }

  /** Returns the chunk, of which every piece is in its rows, after taking its checksums. */
  ByteBuffer finish(Kernels kernels, TensorChecksums checksums) {
    ByteBuffer rest = rows.duplicate();
    for (Segment whole : chunk.together(chunk.pieces().get(0).rank()).pieces()) {
      int lengthBytes = Math.toIntExact(whole.lengthBytes());
      checksums.add(whole, kernels.crc32c(rest, lengthBytes, 0));
      rest.position(rest.position() + lengthBytes);
    }
    return rows;
  }
}
