package dev.cairn.comm.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.comm.ThreadedRanks;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.rendezvous.Endpoint;
import dev.cairn.machine.Machine;
import dev.cairn.machine.OpenFiles;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Rank 0's real control channel among many ranks that are stubs: what goes over it, and how long
 * that takes, which it prints. {@code -Dcairn.scale.ranks=4096} is the goal's size.
 */
@Timeout(120)
class ControlScaleTest {
  private static final int RANKS = Integer.getInteger("cairn.scale.ranks", 512);
  private static final int MESSAGE_BYTES = 40;

  private final Session session = new Session(0, RANKS, 0, Machine.local());
  private TcpHub hub;
  private StubMembers stubs;
  private long round;

  @BeforeEach
  void join() throws Exception {
    assumeTrue(OpenFiles.limit().orElse(Long.MAX_VALUE) > 2L * RANKS + 200, "too few open files");
    Endpoint nowhere = new Endpoint("", 1, Endpoint.newSecret());
    InetAddress here = InetAddress.getLoopbackAddress();
    hub =
        new TcpHub(
            session,
            Timeouts.defaults(),
            Origin.of(Run.UNKNOWN),
            nowhere.secretBytes(),
            Listening.ANYWHERE.onAddressOr(here),
            Optional.empty());
    session.attach(hub);
    hub.start();
    long begun = System.nanoTime();
    stubs =
        new StubMembers(new Endpoint(here.getHostAddress(), hub.port(), nowhere.secret()), RANKS);
    stubs.await(Frame.Kind.WELCOME);
    print("join", begun);
  }

  @AfterEach
  void leave() throws Exception {
    if (stubs != null) {
      stubs.close();
      hub.abandon("the test has ended");
    }
  }

  private static void print(String what, long begunNanos) {
    System.out.printf(
        "%d ranks: %s %.3f s; rank 0's processor time so far %.3f s%n",
        RANKS, what, (System.nanoTime() - begunNanos) / 1e9, controlNanos() / 1e9);
  }

  /** What the thread has used that does all of rank 0's work: the stubs take as much again. */
  private static long controlNanos() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("cairn-control-0"))
        .mapToLong(thread -> threads.getThreadCpuTime(thread.getId()))
        .max()
        .orElse(0);
  }

  private void exchange(String what, IntFunction<byte[]> messages) throws Exception {
    long begun = System.nanoTime();
    CompletableFuture<List<byte[]>> own =
        ThreadedRanks.start(() -> session.allGather(messages.apply(0)));
    stubs.join(++round, messages);
    stubs.await(Frame.Kind.RESULT);
    List<byte[]> all = own.get();
    print(what, begun);
    assertEquals(RANKS, all.size());
    for (int rank = 0; rank < RANKS; rank++) {
      assertEquals(ByteBuffer.wrap(messages.apply(rank)), ByteBuffer.wrap(all.get(rank)));
    }
  }

  @Test
  void whatEachRankIsToldDoesNotGrowWithTheirNumberWhenAllIsWell() throws Exception {
    long before = stubs.receivedBytes();
    for (int phase = 0; phase < 10; phase++) {
      exchange("a round in which all say the same", rank -> new byte[MESSAGE_BYTES]);
    }
    long perRankBytes = (stubs.receivedBytes() - before) / (RANKS - 1);
    System.out.printf("%d ranks: ten rounds, bytes to each rank: %d%n", RANKS, perRankBytes);
    // And the heartbeats that came in between.
    assertTrue(
        perRankBytes < 20 * (MESSAGE_BYTES + 2 * Frame.HEADER_BYTES), () -> "" + perRankBytes);
  }

  @Test
  void ranksThatSayDifferentThingsAreHeardByAll() throws Exception {
    for (int phase = 0; phase < 3; phase++) {
      exchange(
          "a round in which each says something else",
          rank -> ByteBuffer.allocate(MESSAGE_BYTES).putInt(0, rank).array());
    }
  }
}
