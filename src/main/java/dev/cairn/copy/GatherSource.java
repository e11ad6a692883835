package dev.cairn.copy;

import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Rank 0's side of a gather of {@link dev.cairn.plan.GatherPlan#chunks}: its own pieces are filled
 * from its partitions, all others are received, already cast, straight into their place in the
 * staging buffer.
 *
 * <p>The other end is a copy over {@link dev.cairn.plan.GatherPlan#messages} whose sink sends.
 * Whatever fails, a receive that has begun has ended before the failure is thrown.
 */
public final class GatherSource implements ChunkSource {
  private static final int WRITER = 0;

  private final PieceSource own;
  private final Incoming incoming;

  /**
   * Creates the receiving end.
   *
   * @param own rank 0's pieces
   * @param incoming the others' messages
   */
  public GatherSource(PieceSource own, Incoming incoming) {
    this.own = own;
    this.incoming = incoming;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) throws IOException {
    if (chunk.pieces().stream().allMatch(piece -> piece.rank() == WRITER)) {
      return own.begin(chunk, staging);
    }
    ChunkParts parts = new ChunkParts(staging);
    Incoming.Batch batch = incoming.new Batch();
    batch.guard(
        () -> {
          long chunkOffset = 0;
          for (Segment piece : chunk.pieces()) {
            if (piece.rank() != WRITER) {
              ByteBuffer place = ChunkParts.place(staging, chunkOffset, piece.lengthBytes());
              batch.receive(place, piece.rank());
            }
            chunkOffset += piece.lengthBytes();
          }
        });
    return () -> finish(chunk, parts, batch);
  }

  private List<ByteBuffer> finish(Chunk chunk, ChunkParts parts, Incoming.Batch batch)
      throws IOException {
    batch.guard(
        () -> {
          for (Segment piece : chunk.pieces()) {
            if (piece.rank() == WRITER) {
              own.add(piece, parts);
            } else {
              parts.addPlaced(Math.toIntExact(piece.lengthBytes()));
            }
          }
          batch.await();
        });
    return parts.all();
  }
}
