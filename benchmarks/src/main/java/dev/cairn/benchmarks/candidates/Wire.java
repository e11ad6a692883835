package dev.cairn.benchmarks.candidates;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import dev.cairn.device.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The wire alone: every other rank sends so many bytes to rank 0, with a few pieces in flight. */
final class Wire implements AutoCloseable {
  private static final int PIECE_BYTES = 8 << 20;
  private static final int PIECES = 4;

  private final Communicator communicator;
  private HostMemory memory;

  Wire(Communicator communicator) {
    this.communicator = communicator;
  }

  /** Connects the ranks, the first time that it is called. */
  void connect() throws IOException {
    if (memory == null) {
      memory = HostMemory.allocate((long) PIECES * PIECE_BYTES);
      send(1);
    }
  }

  /** Sends this many bytes from each of the other ranks, one rank after the other. */
  void send(long lengthBytes) throws IOException {
    Transport transport = communicator.transport();
    for (int peer = 1; peer < communicator.size(); peer++) {
      if (communicator.rank() == 0 || communicator.rank() == peer) {
        stream(transport, peer, lengthBytes);
      }
    }
  }

  private void stream(Transport transport, int peer, long lengthBytes) throws IOException {
    Transfer[] inFlight = new Transfer[PIECES];
    int piece = 0;
    for (long done = 0; done < lengthBytes; piece++) {
      int slot = piece % PIECES;
      if (inFlight[slot] != null) {
        inFlight[slot].await();
      }
      int pieceBytes = (int) Math.min(PIECE_BYTES, lengthBytes - done);
      ByteBuffer buffer = memory.view((long) slot * PIECE_BYTES, pieceBytes);
      inFlight[slot] =
          communicator.rank() == 0
              ? transport.receive(buffer, peer, piece)
              : transport.send(buffer, 0, piece);
      done += pieceBytes;
    }
    for (Transfer transfer : inFlight) {
      if (transfer != null) {
        transfer.await();
      }
    }
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
