package dev.cairn.copy;

import dev.cairn.comm.channel.Transport;
import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chunks of interleaved tensors: one rank puts each together, from what it holds itself and one
 * message from every other rank that holds some of it, cast already. So what is written is long,
 * though each rank's runs in it are short.
 *
 * <p>All ranks go over the same chunks in the same order; for a rank that has no part in a chunk,
 * or has sent its part, it has no bytes. No two ranks wait for each other: whoever takes part in
 * the first chunk that is not done has begun it. Whatever fails, a receive that has begun has ended
 * before the failure is thrown.
 */
public final class RowExchange implements ChunkSource {
  private final PieceSource own;
  private final Transport transport;
  private final int rank;
  private final RowWriters writers;
  private final Kernels kernels;
  private final TensorChecksums checksums;
  private final Incoming incoming;
  private final int[] sent;

  /**
   * Creates one rank's side.
   *
   * @param own its pieces; what checksums it takes of them are of no use here
   * @param transport to the other ranks; not closed here
   * @param rank whose side it is
   * @param worldSize count of ranks
   * @param writers who puts a chunk together; asked once for each, in order
   * @param kernels take the checksums
   * @param checksums gets those of the chunks that this rank puts together
   */
  public RowExchange(
      PieceSource own,
      Transport transport,
      int rank,
      int worldSize,
      RowWriters writers,
      Kernels kernels,
      TensorChecksums checksums) {
    this.own = own;
    this.transport = transport;
    this.rank = rank;
    this.writers = writers;
    this.kernels = kernels;
    this.checksums = checksums;
    this.incoming = new Incoming(transport, worldSize);
    this.sent = new int[worldSize];
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) throws IOException {
    int writer = writers.of(chunk);
    if (writer == rank) {
      return receive(chunk, staging);
    }
    if (chunk.pieces().stream().noneMatch(piece -> piece.rank() == rank)) {
      return List::of;
    }
    int tag = Incoming.tag(sent[writer]++);
    return () -> send(chunk, staging, writer, tag);
  }

  private List<ByteBuffer> send(Chunk chunk, ByteBuffer staging, int writer, int tag)
      throws IOException {
    List<Segment> mine = chunk.pieces().stream().filter(piece -> piece.rank() == rank).toList();
    ByteBuffer message = mine.size() == 1 ? own.inPlace(mine.get(0)) : null;
    if (message == null) {
      message = staging.duplicate();
      for (Segment piece : mine) {
        own.fill(piece, message);
        message.position(message.position() + Math.toIntExact(piece.lengthBytes()));
      }
      message.limit(message.position()).position(staging.position());
    }
    transport.send(message, writer, tag).await();
    return List.of();
  }

  private Filling receive(Chunk chunk, ByteBuffer staging) throws IOException {
    RowChunk rows = new RowChunk(chunk, staging);
    Map<Integer, ByteBuffer> messages = messages(chunk, rows);
    Incoming.Batch batch = incoming.new Batch();
    batch.guard(
        () -> {
          for (Map.Entry<Integer, ByteBuffer> message : messages.entrySet()) {
            if (message.getKey() != rank) {
              batch.receive(message.getValue(), message.getKey());
            }
          }
        });
    return () -> finish(chunk, rows, messages, batch);
  }

  /** Returns where what each rank has of a chunk goes, behind the place of the chunk. */
  private static Map<Integer, ByteBuffer> messages(Chunk chunk, RowChunk rows) {
    Map<Integer, Integer> lengths = new LinkedHashMap<>();
    for (Segment piece : chunk.pieces()) {
      lengths.merge(piece.rank(), Math.toIntExact(piece.lengthBytes()), Integer::sum);
    }
    Map<Integer, ByteBuffer> messages = new LinkedHashMap<>();
    int begin = 0;
    for (Map.Entry<Integer, Integer> length : lengths.entrySet()) {
      messages.put(length.getKey(), rows.room(begin, length.getValue()));
      begin += length.getValue();
    }
    return messages;
  }

  private List<ByteBuffer> finish(
      Chunk chunk, RowChunk rows, Map<Integer, ByteBuffer> messages, Incoming.Batch batch)
      throws IOException {
    batch.guard(
        () -> {
          for (Segment piece : chunk.pieces()) {
            if (piece.rank() == rank) {
              spreadOwn(piece, messages.get(rank), rows);
            }
          }
          batch.await();
        });
    for (Segment piece : chunk.pieces()) {
      if (piece.rank() != rank) {
        ByteBuffer message = messages.get(piece.rank());
        rows.spread(piece, message);
        message.position(message.position() + Math.toIntExact(piece.lengthBytes()));
      }
    }
    return List.of(rows.finish(kernels, checksums));
  }

  private void spreadOwn(Segment piece, ByteBuffer room, RowChunk rows) throws IOException {
    ByteBuffer held = own.inPlace(piece);
    if (held == null) {
      own.fill(piece, room);
      held = room;
    }
    rows.spread(piece, held);
  }
}
