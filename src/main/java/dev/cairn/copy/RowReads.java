package dev.cairn.copy;

import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Chunks of interleaved tensors: one rank puts each together from what it can read of all ranks. So
 * what is written is long, though each rank's runs in it are short.
 *
 * <p>All ranks go over the same chunks in the same order; for a rank that does not write a chunk it
 * has no bytes. No rank waits for another.
 */
public final class RowReads implements ChunkSource {
  private final List<PieceSource> byRank;
  private final int rank;
  private final RowWriters writers;
  private final Kernels kernels;
  private final TensorChecksums checksums;

  /**
   * Creates one rank's side.
   *
   * @param byRank every rank's pieces; what checksums they take are of no use here
   * @param rank whose side it is
   * @param writers who puts a chunk together; asked once for each, in order
   * @param kernels take the checksums
   * @param checksums gets those of the chunks that this rank puts together
   */
  public RowReads(
      List<PieceSource> byRank,
      int rank,
      RowWriters writers,
      Kernels kernels,
      TensorChecksums checksums) {
    this.byRank = List.copyOf(byRank);
    this.rank = rank;
    this.writers = writers;
    this.kernels = kernels;
    this.checksums = checksums;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) {
    return writers.of(chunk) == rank ? () -> putTogether(chunk, staging) : List::of;
  }

  private List<ByteBuffer> putTogether(Chunk chunk, ByteBuffer staging) throws IOException {
    RowChunk rows = new RowChunk(chunk, staging);
    for (Segment piece : chunk.pieces()) {
      PieceSource source = byRank.get(piece.rank());
      ByteBuffer held = source.inPlace(piece);
      if (held == null) {
        held = rows.room(0, Math.toIntExact(piece.lengthBytes()));
        source.fill(piece, held);
      }
      rows.spread(piece, held);
    }
    return List.of(rows.finish(kernels, checksums));
  }
}
