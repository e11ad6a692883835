package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the messages of every bulk transport do, whatever carries it, when nothing fails. */
@Timeout(120)
abstract class MessagesContract {
  private final List<Communicator> opened = new ArrayList<>();

  abstract List<Communicator> open(int size, Timeouts timeouts) throws Exception;

  final List<Communicator> group(int size) throws Exception {
    return group(size, Timeouts.defaults());
  }

  final List<Communicator> group(int size, Timeouts timeouts) throws Exception {
    List<Communicator> group = open(size, timeouts);
    opened.addAll(group);
    return group;
  }

  @AfterEach
  final void closeAll() throws Exception {
    for (CompletableFuture<?> closing :
        opened.stream().map(c -> ThreadedRanks.start(() -> close(c))).toList()) {
      ThreadedRanks.get(closing);
    }
  }

  private static Object close(Communicator communicator) {
    communicator.close();
    return communicator;
  }

  static ByteBuffer filled(int lengthBytes, int seed) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(lengthBytes);
    for (int i = 0; i < lengthBytes; i++) {
      buffer.put(i, (byte) (seed * 31 + i * 7 + (i >> 8)));
    }
    return buffer;
  }

  static ByteBuffer received(Transport from, int lengthBytes, int peer, int tag) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(lengthBytes);
    from.receive(buffer, peer, tag).await();
    return buffer;
  }

  @Test
  void bytesArriveFromPositionToLimit() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport transport = c.transport();
          if (c.rank() == 1) {
            transport.send(filled(1000, 3).position(100).limit(300), 0, 7).await();
          } else {
            ByteBuffer target = ByteBuffer.allocateDirect(210).position(5).limit(205);
            transport.receive(target, 1, 7).await();
            assertEquals(5, target.position());
            assertEquals(filled(1000, 3).position(100).limit(300), target);
            assertEquals(0, target.get(4));
            assertEquals(0, target.get(0));
          }
          return null;
        });
  }

  @Test
  void everyRankStreamsToRankZeroWithSeveralMessagesInFlight() throws Exception {
    int chunks = 40;
    int lengthBytes = 300_001;
    ThreadedRanks.run(
        group(4),
        c -> {
          Transport transport = c.transport();
          Deque<Transfer> inFlight = new ArrayDeque<>();
          List<ByteBuffer> got = new ArrayList<>();
          for (int k = 0; k < chunks; k++) {
            for (int peer = 1; peer < 4; peer++) {
              if (c.rank() == 0) {
                ByteBuffer target = ByteBuffer.allocateDirect(lengthBytes);
                got.add(target);
                inFlight.add(transport.receive(target, peer, k));
              } else if (c.rank() == peer) {
                inFlight.add(transport.send(filled(lengthBytes, peer * 100 + k), 0, k));
              }
            }
            while (inFlight.size() > 9) {
              inFlight.remove().await();
            }
          }
          for (Transfer transfer : inFlight) {
            transfer.await();
          }
          for (int i = 0; i < got.size(); i++) {
            assertEquals(filled(lengthBytes, (i % 3 + 1) * 100 + i / 3), got.get(i));
          }
          return null;
        });
  }

  @Test
  void messagesOfOneTagArriveInOrder() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport transport = c.transport();
          List<Transfer> transfers = new ArrayList<>();
          List<ByteBuffer> buffers = new ArrayList<>();
          for (int k = 0; k < 20; k++) {
            ByteBuffer buffer =
                c.rank() == 0 ? filled(5000 + k, k) : ByteBuffer.allocateDirect(5000 + k);
            buffers.add(buffer);
            transfers.add(
                c.rank() == 0 ? transport.send(buffer, 1, 4) : transport.receive(buffer, 0, 4));
          }
          for (Transfer transfer : transfers) {
            transfer.await();
          }
          for (int k = 0; k < 20; k++) {
            assertEquals(filled(5000 + k, k), buffers.get(k));
          }
          return null;
        });
  }

  @Test
  void messagesOfDifferentTagsMayBeReceivedInAnyOrder() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport transport = c.transport();
          if (c.rank() == 1) {
            Transfer first = transport.send(filled(2_000_000, 1), 0, 1);
            Transfer second = transport.send(filled(10, 2), 0, 2);
            first.await();
            second.await();
          } else {
            assertEquals(filled(10, 2), received(transport, 10, 1, 2));
            assertEquals(filled(2_000_000, 1), received(transport, 2_000_000, 1, 1));
          }
          return null;
        });
  }

  @Test
  void emptyMessagesArrive() throws Exception {
    ThreadedRanks.run(
        group(3),
        c -> {
          Transport transport = c.transport();
          if (c.rank() == 0) {
            received(transport, 0, 1, 1);
            received(transport, 0, 2, 1);
            assertEquals(filled(3, 9), received(transport, 3, 1, 1));
          } else {
            transport.send(ByteBuffer.allocateDirect(0), 0, 1).await();
            if (c.rank() == 1) {
              transport.send(filled(3, 9), 0, 1).await();
            }
          }
          return null;
        });
  }

  @Test
  void transportIsMadeOnce() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport first = c.transport();
          assertSame(first, c.transport());
          return null;
        });
  }
}
