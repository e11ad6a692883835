package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("stress")
class InProcessTransportTest extends TransportContract {
  @Override
  List<Communicator> open(int size, Timeouts timeouts) {
    return InProcess.group(size, timeouts);
  }

  @Test
  void lengthsThatDifferAreAnErrorOnBothSides() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          ByteBuffer buffer = ByteBuffer.allocateDirect(10 + c.rank());
          Transport transport = c.transport();
          Transfer transfer =
              c.rank() == 0 ? transport.send(buffer, 1, 3) : transport.receive(buffer, 0, 3);
          CommunicationException e = assertThrows(CommunicationException.class, transfer::await);
          assertEquals(
              "message length mismatch: sentBytes=10, expected 11, from rank 0 of 2, tag=3",
              e.getMessage());
          return null;
        });
  }

  @Test
  void singleRankHasATransport() throws Exception {
    try (Communicator single = Communicator.single()) {
      assertEquals(1, single.size());
      assertEquals(0, single.rank());
      single.transport();
    }
  }
}
