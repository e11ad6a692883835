package dev.cairn.comm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Timeouts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the collectives of every control channel do, whatever carries it, when nothing fails. */
@Timeout(60)
abstract class CollectivesContract {
  private final List<Communicator> opened = new ArrayList<>();

  /** Makes a group whose ranks are all in this process. */
  abstract List<Communicator> open(int size, Timeouts timeouts) throws Exception;

  final List<Communicator> group(int size, Timeouts timeouts) throws Exception {
    List<Communicator> group = open(size, timeouts);
    opened.addAll(group);
    return group;
  }

  final List<Communicator> group(int size) throws Exception {
    return group(size, Timeouts.defaults());
  }

  @AfterEach
  final void closeAll() {
    opened.forEach(Communicator::close);
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  @Test
  void allGatherReturnsEveryMessageInRankOrder() throws Exception {
    for (int size : new int[] {1, 2, 5}) {
      List<List<byte[]>> results =
          ThreadedRanks.run(group(size), c -> c.control().allGather(bytes("from " + c.rank())));
      for (List<byte[]> result : results) {
        assertEquals(size, result.size());
        for (int rank = 0; rank < size; rank++) {
          assertArrayEquals(bytes("from " + rank), result.get(rank));
        }
      }
    }
  }

  @Test
  void broadcastReturnsRankZerosMessageEverywhere() throws Exception {
    for (byte[] result :
        ThreadedRanks.run(
            group(3), c -> c.control().broadcast(c.rank() == 0 ? bytes("plan") : null))) {
      assertArrayEquals(bytes("plan"), result);
    }
  }

  @Test
  void gatherReturnsEveryMessageOnRankZeroOnly() throws Exception {
    for (int size : new int[] {1, 3}) {
      List<List<byte[]>> results =
          ThreadedRanks.run(group(size), c -> c.control().gather(bytes("from " + c.rank())));
      assertEquals(size, results.get(0).size());
      for (int rank = 0; rank < size; rank++) {
        assertArrayEquals(bytes("from " + rank), results.get(0).get(rank));
        assertTrue(rank == 0 || results.get(rank).isEmpty(), "rank " + rank + " got messages");
      }
    }
  }

  @Test
  void roundsFollowEachOtherWithoutMixing() throws Exception {
    ThreadedRanks.run(
        group(4),
        c -> {
          for (int i = 0; i < 300; i++) {
            String sent = i % 7 == 0 ? "" : i + "/" + c.rank();
            List<byte[]> got = c.control().allGather(bytes(sent));
            assertArrayEquals(bytes(i % 7 == 0 ? "" : i + "/3"), got.get(3));
            assertArrayEquals(
                bytes("b" + i), c.control().broadcast(bytes(c.rank() == 0 ? "b" + i : "x")));
          }
          return null;
        });
  }

  @Test
  void messagesOfSeveralMegabytesArriveWhole() throws Exception {
    int lengthBytes = 9_000_001;
    ThreadedRanks.run(
        group(3),
        c -> {
          byte[] mine = new byte[lengthBytes + c.rank()];
          Arrays.fill(mine, (byte) (c.rank() + 1));
          List<byte[]> got = c.control().allGather(mine);
          for (int rank = 0; rank < 3; rank++) {
            assertEquals(lengthBytes + rank, got.get(rank).length);
            assertEquals(rank + 1, got.get(rank)[lengthBytes - 1]);
          }
          return null;
        });
  }

  @Test
  void messageAboveTheLimitIsRefusedByItsSender() throws Exception {
    Communicator rank0 = group(2).get(0);
    byte[] large = new byte[Control.MAX_MESSAGE_BYTES + 1];
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> rank0.control().allGather(large));
    assertEquals(
        "message too large: messageBytes=67108865, expected at most 67108864;"
            + " send bulk by a transport",
        e.getMessage());
  }

  @Test
  void resultsAreTheCallersOwn() throws Exception {
    List<List<byte[]>> results =
        ThreadedRanks.run(
            group(2),
            c -> {
              byte[] mine = {(byte) c.rank()};
              List<byte[]> got = c.control().allGather(mine);
              got.get(0)[0] = 99;
              mine[0] = 98;
              return c.control().allGather(new byte[] {7});
            });
    assertArrayEquals(new byte[] {7}, results.get(0).get(1));
    assertArrayEquals(new byte[] {7}, results.get(1).get(0));
  }

  @Test
  void interruptIsKeptAndTheChannelStaysWhole() throws Exception {
    List<Communicator> group = group(2);
    Thread[] waiting = new Thread[1];
    CompletableFuture<Boolean> first =
        ThreadedRanks.start(
            () -> {
              waiting[0] = Thread.currentThread();
              group.get(1).control().allGather(bytes("a"));
              boolean interrupted = Thread.interrupted();
              group.get(1).control().allGather(bytes("b"));
              return interrupted;
            });
    while (waiting[0] == null || waiting[0].getState() == Thread.State.RUNNABLE) {
      Thread.sleep(5);
    }
    Thread.sleep(50);
    waiting[0].interrupt();
    group.get(0).control().allGather(bytes("a"));
    assertArrayEquals(bytes("b"), group.get(0).control().allGather(bytes("c")).get(1));
    assertTrue(ThreadedRanks.get(first));
  }
}
