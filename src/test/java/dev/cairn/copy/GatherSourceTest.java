package dev.cairn.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import dev.cairn.machine.Machine;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A copy that has ended, however, has no message on its way into its staging buffers. */
@Timeout(20)
class GatherSourceTest {
  private static final int PIECE_BYTES = 16;
  private final IOException ownFailure = new IOException("own partition cannot be read");

  /** Counts the messages that are on their way; some of them fail. */
  private static final class FailingTransport implements Transport {
    private final int failingBegin;
    private final int failingEnd;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();

    FailingTransport(int failingBegin, int failingEnd) {
      this.failingBegin = failingBegin;
      this.failingEnd = failingEnd;
    }

    int onTheirWay() {
      return begun.get() - ended.get();
    }

    @Override
    public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
      if (peer == failingBegin) {
        throw new CommunicationException(peer, "cannot begin: peer=" + peer);
      }
      begun.incrementAndGet();
      return () -> {
        ended.incrementAndGet();
        if (peer >= failingEnd) {
          throw new CommunicationException(peer, "cannot end: peer=" + peer);
        }
      };
    }

    @Override
    public Transfer send(ByteBuffer direct, int peer, int tag) {
      throw new IllegalStateException("rank 0 receives");
    }

    @Override
    public void close() {
      // nothing to free
    }
  }

  /** Rank 0's own pieces, which cannot be had. */
  private record OwnPieces(IOException failure) implements PieceSource {
    @Override
    public Filling begin(Chunk chunk, ByteBuffer staging) {
      throw new IllegalStateException("no chunk is rank 0's alone");
    }

    @Override
    public void fill(Segment piece, ByteBuffer target) throws IOException {
      if (failure != null) {
        throw failure;
      }
    }
  }

  /** One chunk with a piece of each rank, 0 to 3. */
  private static Chunk chunk() {
    return new Chunk(List.of(piece(1), piece(0), piece(2), piece(3)));
  }

  private static Segment piece(int rank) {
    long place = rank == 1 ? 0 : rank == 0 ? 1 : rank;
    return new Segment(rank, 0, place * PIECE_BYTES, PIECE_BYTES, 0, place, 1, 0);
  }

  private static IOException failureOf(
      boolean isPacked, FailingTransport transport, IOException own) {
    return failureOf(
        isPacked
            ? new PackSource(new OwnPieces(own), new Incoming(transport, 4))
            : new GatherSource(new OwnPieces(own), new Incoming(transport, 4)));
  }

  private static IOException failureOf(ChunkSource source) {
    Copy copy = new Copy(List.of(chunk()).iterator(), source, (chunk, n, parts) -> {}, () -> {});
    try (Staging staging = new Staging(Machine.local(), 2, 4096)) {
      return assertThrows(IOException.class, () -> copy.run(staging));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void receivesHaveEndedWhenOwnPiecesFail(boolean isPacked) {
    FailingTransport transport = new FailingTransport(9, 9);
    assertSame(ownFailure, failureOf(isPacked, transport, ownFailure));
    assertEquals(3, transport.begun.get());
    assertEquals(0, transport.onTheirWay(), "messages on their way");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void receivesHaveEndedWhenOneOfThemFails(boolean isPacked) {
    FailingTransport transport = new FailingTransport(9, 2);
    IOException failure = failureOf(isPacked, transport, null);
    assertEquals("cannot end: peer=2", failure.getMessage());
    assertEquals("cannot end: peer=3", failure.getSuppressed()[0].getMessage());
    assertEquals(0, transport.onTheirWay(), "messages on their way");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void receivesHaveEndedWhenTheNextCannotBegin(boolean isPacked) {
    FailingTransport transport = new FailingTransport(3, 9);
    assertEquals("cannot begin: peer=3", failureOf(isPacked, transport, null).getMessage());
    assertEquals(2, transport.begun.get());
    assertEquals(0, transport.onTheirWay(), "messages on their way");
  }
}
