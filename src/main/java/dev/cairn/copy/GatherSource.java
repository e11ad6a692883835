package dev.cairn.copy;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Rank 0's side of a gather: its own pieces are filled from its partitions, all others are
 * received, already cast, straight into their place in the staging buffer.
 *
 * <p>Messages from a rank are numbered in plan order on both sides: the other end is a copy over
 * {@link dev.cairn.plan.SavePlan#messages} whose sink sends. Whatever fails, a receive that has
 * begun has ended before the failure is thrown.
 */
public final class GatherSource implements ChunkSource {
  private static final int WRITER = 0;

  private final PieceSource own;
  private final Transport transport;
  private final int[] nextTag;

  /**
   * Creates the receiving end for {@code worldSize} ranks.
   *
   * @param own rank 0's pieces
   * @param transport over which the others' come; not closed here
   * @param worldSize count of ranks, 1 or more
   */
  public GatherSource(PieceSource own, Transport transport, int worldSize) {
    this.own = own;
    this.transport = transport;
    this.nextTag = new int[worldSize];
  }

  /**
   * {@return the tag of a rank's message; tags come round long after their message has arrived}
   *
   * @param sequence how many messages the rank has sent before, 0 or more
   */
  public static int tag(int sequence) {
    return sequence & Transport.MAX_TAG;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) throws IOException {
    if (chunk.pieces().stream().allMatch(piece -> piece.rank() == WRITER)) {
      return own.begin(chunk, staging);
    }
    Receives receives = new Receives();
    try {
      for (Segment piece : chunk.pieces()) {
        if (piece.rank() != WRITER) {
          ByteBuffer place = ChunkParts.place(chunk, piece, staging);
          receives.add(transport.receive(place, piece.rank(), tag(nextTag[piece.rank()]++)));
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      receives.endAfter(e);
      throw e;
    }
    return () -> finish(chunk, staging, receives);
  }

  private List<ByteBuffer> finish(Chunk chunk, ByteBuffer staging, Receives receives)
      throws IOException {
    try {
      ChunkParts parts = new ChunkParts(staging);
      for (Segment piece : chunk.pieces()) {
        if (piece.rank() == WRITER) {
          own.add(piece, parts);
        } else {
          parts.addPlaced(Math.toIntExact(piece.lengthBytes()));
        }
      }
      receives.await();
      return parts.all();
    } catch (IOException | RuntimeException | Error e) {
      receives.endAfter(e);
      throw e;
    }
  }

  /** The messages that are on their way into one staging buffer. */
  private static final class Receives {
    private final Deque<Transfer> underWay = new ArrayDeque<>();

    void add(Transfer receive) {
      underWay.add(receive);
    }

    void await() throws CommunicationException {
      while (!underWay.isEmpty()) {
        underWay.remove().await();
      }
    }

    /**
     * Waits, after a failure, for the receives that have begun: until they end, the transport still
     * writes into the buffer, which may not be freed. They end soon, as the other ranks finish what
     * they are sending, or their transport has failed too.
     */
    void endAfter(Throwable failure) {
      while (!underWay.isEmpty()) {
        try {
          underWay.remove().await();
        } catch (CommunicationException | RuntimeException e) {
          failure.addSuppressed(e);
        }
      }
    }
  }
}
