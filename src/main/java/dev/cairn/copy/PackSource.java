package dev.cairn.copy;

import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Rank 0's side of a gather of {@link dev.cairn.plan.GatherPlan#packs}: one message from every rank
 * that has something in a pack. They are received into the upper half of the staging buffer, rank
 * by rank, and put in the order of the file in the lower one.
 *
 * <p>The other end is a copy over the rank's packs whose sink sends. Whatever fails, a receive that
 * has begun has ended before the failure is thrown.
 */
public final class PackSource implements ChunkSource {
  private static final int WRITER = 0;

  private final PieceSource own;
  private final Incoming incoming;

  /**
   * Creates the receiving end.
   *
   * @param own rank 0's pieces
   * @param incoming the others' messages
   */
  public PackSource(PieceSource own, Incoming incoming) {
    this.own = own;
    this.incoming = incoming;
  }

  @Override
  public Filling begin(Chunk pack, ByteBuffer staging) throws IOException {
    int[] lengthBytes = new int[incoming.worldSize()];
    for (Segment piece : pack.pieces()) {
      lengthBytes[piece.rank()] += Math.toIntExact(piece.lengthBytes());
    }
    ByteBuffer received = staging.duplicate();
    received.position(received.limit() - pack.lengthBytes());
    int[] nextByte = new int[lengthBytes.length];
    Incoming.Batch batch = incoming.new Batch();
    batch.guard(
        () -> {
          int begin = received.position();
          for (int rank = WRITER + 1; rank < lengthBytes.length; rank++) {
            nextByte[rank] = begin;
            if (lengthBytes[rank] > 0) {
              batch.receive(
                  received.duplicate().limit(begin + lengthBytes[rank]).position(begin), rank);
            }
            begin += lengthBytes[rank];
          }
        });
    return () -> finish(pack, staging, nextByte, batch);
  }

  private List<ByteBuffer> finish(
      Chunk pack, ByteBuffer staging, int[] nextByte, Incoming.Batch batch) throws IOException {
    batch.guard(
        () -> {
          long packOffset = 0;
          for (Segment piece : pack.pieces()) {
            if (piece.rank() == WRITER) {
              own.fill(piece, ChunkParts.place(staging, packOffset, piece.lengthBytes()));
            }
            packOffset += piece.lengthBytes();
          }
          batch.await();
        });
    int place = staging.position();
    for (Segment piece : pack.pieces()) {
      int pieceBytes = (int) piece.lengthBytes();
      if (piece.rank() != WRITER) {
        staging.put(place, staging, nextByte[piece.rank()], pieceBytes);
        nextByte[piece.rank()] += pieceBytes;
      }
      place += pieceBytes;
    }
    return List.of(ChunkParts.place(staging, 0, pack.lengthBytes()));
  }
}
