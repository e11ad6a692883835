package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What every bulk transport does, whatever carries it: at failures, cancels and closes, too. */
abstract class TransportContract extends MessagesContract {
  /** Short, but the set-up of a transport has to end within it, under a checked JNI as well. */
  private static final Timeouts HASTY =
      new Timeouts(Duration.ofSeconds(20), Duration.ofSeconds(3), Duration.ofSeconds(20));

  @Test
  void cancelWakesEveryRankWithTheSameNamedErrorAndANewTransportWorks() throws Exception {
    ThreadedRanks.run(
        group(3),
        c -> {
          Transport transport = c.transport();
          List<Transfer> inFlight = new ArrayList<>();
          for (int tag = 0; tag < 3; tag++) {
            for (int peer = 0; peer < 3; peer++) {
              if (peer != c.rank()) {
                inFlight.add(transport.receive(ByteBuffer.allocateDirect(4 << 20), peer, tag));
              }
            }
          }
          if (c.rank() == 1) {
            Thread.sleep(300);
            c.control().cancel("disk full");
          }
          for (Transfer transfer : inFlight) {
            CommunicationException e = assertThrows(CommunicationException.class, transfer::await);
            assertEquals("cancelled by rank 1 of 3: disk full", e.getMessage());
            assertEquals(1, e.rank());
          }
          assertThrows(
              CommunicationException.class,
              () -> transport.send(ByteBuffer.allocateDirect(1), (c.rank() + 1) % 3, 0));
          c.control().allGather(new byte[] {1});
          Transport next = c.transport();
          assertNotSame(transport, next);
          if (c.rank() == 0) {
            assertEquals(filled(777, 5), received(next, 777, 2, 0));
          } else if (c.rank() == 2) {
            next.send(filled(777, 5), 0, 0).await();
          }
          return null;
        });
  }

  @Test
  void bufferIsTheCallersOnceAwaitHasReturnedOrThrown() throws Exception {
    List<Communicator> group = group(3);
    for (int round = 0; round < 4; round++) {
      int cancelMillis = round;
      ThreadedRanks.run(
          group,
          c -> {
            c.control().begin("move");
            Transport transport = c.transport();
            c.control().allGather(new byte[0]);
            if (c.rank() == 2) {
              Thread.sleep(cancelMillis);
              c.control().cancel("disk full");
            } else {
              moveUntilCancelled(transport, c.rank());
            }
            c.control().allGather(new byte[0]);
            return null;
          });
    }
  }

  /** Rank 1 sends to rank 0, which uses its buffers for something else as soon as it may. */
  private static void moveUntilCancelled(Transport transport, int rank) throws Exception {
    List<ByteBuffer> buffers = new ArrayList<>();
    List<Transfer> transfers = new ArrayList<>();
    try {
      for (int tag = 0; tag < 8; tag++) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(2 << 20);
        transfers.add(
            rank == 0 ? transport.receive(buffer, 1, tag) : transport.send(buffer, 0, tag));
        buffers.add(buffer);
      }
    } catch (CommunicationException e) {
      assertEquals(2, e.rank());
    }
    for (int i = 0; i < transfers.size(); i++) {
      try {
        transfers.get(i).await();
      } catch (CommunicationException e) {
        assertEquals(2, e.rank());
      }
      if (rank == 0) {
        fill(buffers.get(i));
      }
    }
    Thread.sleep(20);
    for (ByteBuffer buffer : buffers.subList(0, rank == 0 ? transfers.size() : 0)) {
      ByteBuffer expected = ByteBuffer.allocateDirect(buffer.capacity());
      fill(expected);
      assertEquals(expected, buffer);
    }
  }

  private static void fill(ByteBuffer buffer) {
    for (int i = 0; i < buffer.capacity(); i += 8) {
      buffer.putLong(i, 0x5A5A5A5A5A5A5A5AL);
    }
  }

  @Test
  void closingOneRankEndsWhatOthersWaitForFromIt() throws Exception {
    List<Communicator> group = group(3);
    List<CompletableFuture<CommunicationException>> failures =
        ThreadedRanks.startAll(
            group,
            c -> {
              Transport transport = c.transport();
              if (c.rank() == 2) {
                Thread.sleep(200);
                c.close();
                return null;
              }
              Transfer fromTwo = transport.receive(ByteBuffer.allocateDirect(1 << 20), 2, 0);
              return assertThrows(CommunicationException.class, fromTwo::await);
            });
    for (int rank = 0; rank < 2; rank++) {
      CommunicationException e = ThreadedRanks.get(failures.get(rank));
      assertEquals(2, e.rank(), e.getMessage());
    }
    ThreadedRanks.get(failures.get(2));
  }

  @Test
  void interruptIsKeptAndTheTransferCompletes() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport transport = c.transport();
          if (c.rank() == 0) {
            ByteBuffer target = ByteBuffer.allocateDirect(1 << 20);
            Transfer transfer = transport.receive(target, 1, 0);
            Thread.currentThread().interrupt();
            transfer.await();
            assertEquals(true, Thread.interrupted());
            assertEquals(filled(1 << 20, 1), target);
          } else {
            Thread.sleep(200);
            transport.send(filled(1 << 20, 1), 0, 0).await();
          }
          return null;
        });
  }

  @Test
  void lengthsThatDifferEndWithAnErrorOnBothSides() throws Exception {
    List<CompletableFuture<CommunicationException>> ends = new ArrayList<>();
    for (int[] lengths : new int[][] {{2_000_000, 1000}, {1000, 2_000_000}, {0, 1}, {8, 12}}) {
      List<Communicator> group = group(2, HASTY);
      ThreadedRanks.run(group, Communicator::transport);
      ends.addAll(
          ThreadedRanks.startAll(
              group,
              c -> {
                ByteBuffer buffer = ByteBuffer.allocateDirect(lengths[c.rank()]);
                Transfer transfer =
                    c.rank() == 0
                        ? c.transport().send(buffer, 1, 3)
                        : c.transport().receive(buffer, 0, 3);
                return assertThrows(CommunicationException.class, transfer::await);
              }));
    }
    ThreadedRanks.collect(ends);
  }

  @Test
  void transferThatThePeerDoesNotJoinTimesOutNamingIt() throws Exception {
    List<Communicator> group = group(3, HASTY);
    List<CommunicationException> failures =
        ThreadedRanks.run(
            group,
            c -> {
              Transport transport = c.transport();
              if (c.rank() != 0) {
                return null;
              }
              Transfer transfer = transport.receive(ByteBuffer.allocateDirect(100), 2, 9);
              return assertThrows(CommunicationException.class, transfer::await);
            });
    assertEquals(2, failures.get(0).rank());
    String message = failures.get(0).getMessage();
    assertEquals(true, message.startsWith("transfer with rank 2 of 3 "), message);
  }

  @Test
  void wrongArgumentsAreRefused() throws Exception {
    ThreadedRanks.run(
        group(2),
        c -> {
          Transport transport = c.transport();
          int other = 1 - c.rank();
          ByteBuffer direct = ByteBuffer.allocateDirect(8);
          assertRefused(() -> transport.send(ByteBuffer.allocate(8), other, 0), "not direct");
          assertRefused(() -> transport.send(direct, c.rank(), 0), "wrong peer");
          assertRefused(() -> transport.send(direct, 2, 0), "wrong peer: peer=2");
          assertRefused(() -> transport.receive(direct, -1, 0), "wrong peer: peer=-1");
          assertRefused(() -> transport.send(direct, other, -1), "wrong tag: tag=-1");
          assertRefused(() -> transport.send(direct, other, 1 << 20), "wrong tag: tag=1048576");
          assertRefused(() -> transport.receive(direct.asReadOnlyBuffer(), other, 0), "read-only");
          return null;
        });
  }

  private static void assertRefused(
      org.junit.jupiter.api.function.Executable call, String expected) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    assertEquals(true, e.getMessage().contains(expected), e.getMessage());
  }
}
