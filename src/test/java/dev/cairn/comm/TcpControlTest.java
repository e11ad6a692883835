package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Frame;
import dev.cairn.comm.control.Listening;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.Run;
import dev.cairn.comm.rendezvous.Endpoint;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("stress")
class TcpControlTest extends ControlContract {
  private static final Timeouts HASTY =
      new Timeouts(Duration.ofMillis(900), Duration.ofSeconds(20), Duration.ofSeconds(20));

  @TempDir Path directory;

  @Override
  List<Communicator> open(int size, Timeouts timeouts) throws Exception {
    if (size == 1) {
      return InProcess.group(size, timeouts); // As Environment does.
    }
    List<CompletableFuture<Communicator>> joining =
        IntStream.range(0, size).mapToObj(r -> join(r, size, timeouts)).toList();
    return new ArrayList<>(ThreadedRanks.collect(joining));
  }

  private CompletableFuture<Communicator> join(int rank, int size, Timeouts timeouts) {
    return ThreadedRanks.start(
        () -> ThreadedRanks.join(rank, size, timeouts, ThreadedRanks.in(directory)));
  }

  private Path file() {
    return directory.resolve("cairn-rank0");
  }

  private Endpoint awaitEndpoint() throws Exception {
    while (!Files.exists(file())) {
      Thread.sleep(10);
    }
    return Endpoint.parse(Files.readAllBytes(file()));
  }

  @Test
  void environmentNamesTheDirectory() throws Exception {
    List<CompletableFuture<Communicator>> joining =
        IntStream.range(0, 2)
            .mapToObj(
                rank ->
                    Map.of(
                        "RANK",
                        "" + rank,
                        "WORLD_SIZE",
                        "2",
                        "CAIRN_RENDEZVOUS",
                        directory.resolve("fresh").toString()))
            .map(variables -> ThreadedRanks.start(() -> Communicator.fromEnvironment(variables)))
            .toList();
    List<Communicator> group = ThreadedRanks.collect(joining);
    ThreadedRanks.run(group, c -> c.control().allGather(bytes("hello")));
    group.forEach(Communicator::close);
  }

  @Test
  void secretIsForItsOwnerOnlyAndGoneOnceNobodyCanComeAnyMore() throws Exception {
    Timeouts untilThen =
        new Timeouts(Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ofSeconds(20));
    CompletableFuture<Communicator> rank0 = join(0, 2, untilThen);
    awaitEndpoint();
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    Communicator rank1 = ThreadedRanks.get(join(1, 2, Timeouts.defaults()));
    Communicator zero = ThreadedRanks.get(rank0);
    try (rank1;
        zero) {
      while (Files.exists(file())) {
        Thread.sleep(50);
      }
      ThreadedRanks.run(List.of(zero, rank1), c -> c.control().allGather(bytes("x")));
      try (var left = Files.list(directory)) {
        assertEquals(0, left.count());
      }
    }
  }

  @Test
  void secretIsGoneOnceTheGroupIsClosed() throws Exception {
    open(2, Timeouts.defaults()).forEach(Communicator::close);
    assertFalse(Files.exists(file()));
  }

  @Test
  void staleFileOfAnEarlierRunIsPassedOver() throws Exception {
    Files.write(file(), new Endpoint("127.0.0.1", 9, Endpoint.newSecret()).encode());
    CompletableFuture<Communicator> rank1 = join(1, 2, Timeouts.defaults());
    Thread.sleep(150);
    Communicator rank0 = ThreadedRanks.get(join(0, 2, Timeouts.defaults()));
    Communicator one = ThreadedRanks.get(rank1);
    try (one;
        rank0) {
      ThreadedRanks.run(List.of(rank0, one), c -> c.control().allGather(bytes("x")));
    }
  }

  @Test
  void strangersAreDroppedWithoutDisturbingAnyone() throws Exception {
    CompletableFuture<Communicator> rank0 = join(0, 3, Timeouts.defaults());
    Endpoint endpoint = awaitEndpoint();
    Communicator rank1;
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), endpoint.port())) {
      assertFalse(answers(endpoint, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
      assertFalse(answers(endpoint, hello(new byte[32], 1, 3)));
      assertFalse(answers(endpoint, helloOfTheLastVersion(endpoint.secretBytes(), 1, 3)));
      assertFalse(answers(endpoint, new byte[] {0x7f, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
      CompletableFuture<Communicator> joining = join(1, 3, Timeouts.defaults());
      Thread.sleep(200);
      assertTrue(answers(endpoint, hello(endpoint.secretBytes(), 7, 3)), "rank out of range");
      assertTrue(answers(endpoint, hello(endpoint.secretBytes(), 2, 4)), "other world size");
      Communicator rank2 = ThreadedRanks.get(join(2, 3, Timeouts.defaults()));
      rank1 = ThreadedRanks.get(joining);
      assertEquals(-1, silent.getInputStream().read());
      List<Communicator> group = List.of(ThreadedRanks.get(rank0), rank1, rank2);
      ThreadedRanks.run(group, c -> c.control().allGather(bytes("undisturbed")));
      group.forEach(Communicator::close);
    }
  }

  private static byte[] hello(byte[] secret, int rank, int size) {
    ByteBuffer frame = Frame.hello(secret, rank, size, Origin.of(Run.UNKNOWN)).get(0);
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    return bytes;
  }

  private static byte[] helloOfTheLastVersion(byte[] secret, int rank, int size) {
    return ByteBuffer.allocate(13 + 40)
        .putInt(40)
        .put((byte) 1)
        .putLong(0x636169726e000002L)
        .put(secret)
        .putInt(rank)
        .putInt(size)
        .array();
  }

  private static boolean answers(Endpoint endpoint, byte[] bytes) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(bytes);
      return socket.getInputStream().read() >= 0;
    } catch (java.net.SocketException reset) {
      return false;
    }
  }

  @Test
  void misconfiguredRankIsToldWhy() throws Exception {
    CompletableFuture<Communicator> rank0 = join(0, 2, Timeouts.defaults());
    CommunicationException e = ThreadedRanks.failure(join(1, 3, Timeouts.defaults()));
    assertEquals("rank 1 refused: WORLD_SIZE=3, expected 2 as on rank 0", e.getMessage());
    ThreadedRanks.get(join(1, 2, Timeouts.defaults())).close();
    ThreadedRanks.get(rank0).close();
  }

  @Test
  void rankOfAnotherRunIsToldWhichRunThisIsAndTakesNoPlace() throws Exception {
    CompletableFuture<Communicator> rank0 = join(0, 2, Timeouts.defaults());
    awaitEndpoint();
    TcpGroup lost =
        new TcpGroup(
            Origin.of(new Run("JOB=2")),
            1,
            2,
            Timeouts.defaults(),
            ThreadedRanks.in(directory),
            Optional.empty(),
            Listening.ANYWHERE);
    CommunicationException e = ThreadedRanks.failure(ThreadedRanks.start(lost::join));
    assertTrue(
        e.getMessage()
            .startsWith(
                "two runs in one place: rank 1 of 2 of run JOB=2 met rank 0 of a run without an id"
                    + " (pid "),
        e.getMessage());
    ThreadedRanks.get(join(1, 2, Timeouts.defaults())).close();
    ThreadedRanks.get(rank0).close();
  }

  @Test
  void missingRanksAreNamedOnEveryRankThatCame() throws Exception {
    CompletableFuture<Communicator> rank0 = join(0, 4, HASTY);
    CompletableFuture<Communicator> rank2 = join(2, 4, HASTY);
    CommunicationException e = ThreadedRanks.failure(rank0);
    assertEquals(1, e.rank());
    assertEquals(
        "rendezvous timed out: missing ranks 1, 3 of 4, waited 0.9 s;"
            + " start every rank with the same WORLD_SIZE",
        e.getMessage());
    assertEquals(e.getMessage(), ThreadedRanks.failure(rank2).getMessage());
    assertFalse(Files.exists(file()));
  }

  @Test
  void rankZeroIsNamedWhenItDoesNotCome() throws Exception {
    CommunicationException e = ThreadedRanks.failure(join(1, 2, HASTY));
    assertEquals(0, e.rank());
    assertEquals(
        "rendezvous timed out: rank 1 of 2 could not reach rank 0 of 2 in 0.9 s, at directory "
            + directory
            + ": no address was published",
        e.getMessage());
  }

  @Test
  void groupsCanBeMadeAgainInTheSameDirectory() throws Exception {
    for (int i = 0; i < 5; i++) {
      List<Communicator> group = open(3, Timeouts.defaults());
      ThreadedRanks.run(group, c -> c.control().allGather(bytes("x")));
      group.forEach(Communicator::close);
    }
  }

  @Test
  void idleRanksBurnNoTime() throws Exception {
    List<Communicator> group = group(3);
    CompletableFuture<List<byte[]>> waiting =
        ThreadedRanks.start(() -> group.get(1).control().allGather(bytes("x")));
    var threads = java.lang.management.ManagementFactory.getThreadMXBean();
    long[] ids =
        Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t.getName().startsWith("cairn-control-"))
            .mapToLong(Thread::getId)
            .toArray();
    assertEquals(3, ids.length);
    long before = java.util.Arrays.stream(ids).map(threads::getThreadCpuTime).sum();
    Thread.sleep(3000);
    long cpuMillis =
        (java.util.Arrays.stream(ids).map(threads::getThreadCpuTime).sum() - before) / 1_000_000;
    assertTrue(cpuMillis < 300, "cpuMillis=" + cpuMillis);
    assertFalse(waiting.isDone());
    ThreadedRanks.run(List.of(group.get(0), group.get(2)), c -> c.control().allGather(bytes("y")));
    ThreadedRanks.get(waiting);
  }
}
