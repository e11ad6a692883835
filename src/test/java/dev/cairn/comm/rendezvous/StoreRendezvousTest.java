package dev.cairn.comm.rendezvous;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.ThreadedRanks;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.support.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class StoreRendezvousTest {
  private static Map<String, String> byHand(int rank, int size, int port) {
    return Map.of(
        "RANK", "" + rank,
        "WORLD_SIZE", "" + size,
        "MASTER_ADDR", "127.0.0.1",
        "MASTER_PORT", "" + (port - 1),
        "CAIRN_TIMEOUT_SECONDS", "10");
  }

  private static CompletableFuture<Communicator> join(Map<String, String> variables) {
    return ThreadedRanks.start(() -> Communicator.fromEnvironment(variables));
  }

  @Test
  void ranksStartedByHandMeetBesideTheMasterPort() throws Exception {
    int port = FreePort.find();
    for (int generation = 0; generation < 3; generation++) {
      List<CompletableFuture<Communicator>> joining = new ArrayList<>();
      for (int rank = 2; rank >= 0; rank--) {
        joining.add(0, join(byHand(rank, 3, port)));
        Thread.sleep(50);
      }
      List<Communicator> group = ThreadedRanks.collect(joining);
      ThreadedRanks.run(group, c -> c.control().allGather(new byte[] {1}));
      group.forEach(Communicator::close);
    }
  }

  @Test
  void ranksOfALaunchersStoreMeetAgainAndAgain() throws Exception {
    try (StoreServer agent = new StoreServer(0, InetAddress.getLoopbackAddress())) {
      for (int generation = 0; generation < 3; generation++) {
        String key = "cairn/run/0/" + generation;
        List<Communicator> group =
            ThreadedRanks.collect(
                IntStream.range(0, 3)
                    .mapToObj(
                        rank ->
                            ThreadedRanks.start(
                                () ->
                                    ThreadedRanks.join(
                                        rank,
                                        3,
                                        Timeouts.defaults(),
                                        new StoreRendezvous("localhost", agent.port(), key))))
                    .toList());
        ThreadedRanks.run(group, c -> c.control().allGather(new byte[] {1}));
        group.forEach(Communicator::close);
      }
    }
  }

  @Test
  void strangersDoNotDisturbTheStore() throws Exception {
    try (StoreServer server = new StoreServer(0, InetAddress.getLoopbackAddress());
        Socket silent = new Socket(InetAddress.getLoopbackAddress(), server.port());
        Socket garbage = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      garbage.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
      assertEquals(-1, readOrReset(garbage));
      try (StoreClient client = new StoreClient("localhost", server.port(), 2000)) {
        assertTrue(client.find("a").isEmpty());
        client.set("a", "one".getBytes(UTF_8));
        client.set("b", new byte[0]);
        assertArrayEquals("one".getBytes(UTF_8), client.find("a").orElseThrow());
        assertArrayEquals(new byte[0], client.find("b").orElseThrow());
        client.delete("a");
        assertTrue(client.find("a").isEmpty());
        assertThrows(IOException.class, () -> client.set("c", new byte[9000]));
      }
      assertFalse(silent.isClosed());
    }
  }

  private static int readOrReset(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read();
    } catch (java.net.SocketException reset) {
      return -1;
    }
  }

  @Test
  void portIsFreeOnceTheStoreIsClosed() throws Exception {
    int port = FreePort.find();
    for (int time = 0; time < 200; time++) {
      new StoreServer(port, InetAddress.getLoopbackAddress()).close();
    }
  }

  @Test
  void missingRankZeroIsNamed() throws Exception {
    Map<String, String> variables = new HashMap<>(byHand(1, 2, FreePort.find()));
    variables.put("CAIRN_TIMEOUT_SECONDS", "0.5");
    CommunicationException e = ThreadedRanks.failure(join(variables));
    assertEquals(0, e.rank());
    assertTrue(
        e.getMessage()
            .startsWith(
                "rendezvous timed out: rank 1 of 2 could not reach rank 0 of 2 in 0.5 s,"
                    + " at store 127.0.0.1:"),
        e.getMessage());
  }

  @Test
  void storeThatDoesNotAnswerIsNamedInTime() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Map<String, String> variables = new HashMap<>(byHand(1, 2, silent.getLocalPort()));
      variables.put("CAIRN_TIMEOUT_SECONDS", "0.5");
      long start = System.nanoTime();
      CommunicationException e = ThreadedRanks.failure(join(variables));
      long tookMillis = (System.nanoTime() - start) / 1_000_000;
      assertTrue(
          e.getMessage().startsWith("rendezvous timed out: rank 1 of 2 could not reach rank 0"),
          e.getMessage());
      assertTrue(tookMillis < 3000, () -> "tookMillis=" + tookMillis);
    }
  }

  @Test
  void portThatIsTakenIsNamedByRankZero() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CommunicationException e = ThreadedRanks.failure(join(byHand(0, 2, taken.getLocalPort())));
      assertEquals(0, e.rank());
      assertTrue(e.getMessage().contains("Address already in use"), e.getMessage());
      assertTrue(e.getMessage().contains("(CAIRN_PORT)"), e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "RANK|missing environment variable: RANK, expected to be set by the launcher",
        "WORLD_SIZE|missing environment variable: WORLD_SIZE, expected to be set by the launcher",
        "MASTER_ADDR|missing environment variable: MASTER_ADDR, expected the host of rank 0, with"
            + " MASTER_PORT, from the launcher or by hand (mpirun -x), or a directory in"
            + " CAIRN_RENDEZVOUS",
        "MASTER_PORT|missing environment variable: MASTER_PORT, expected to be set by the launcher",
        "RANK=2|wrong environment variable: RANK=2, expected 0 to 1",
        "RANK=x|wrong environment variable: RANK=x, expected 0 to 1",
        "WORLD_SIZE=0|wrong environment variable: WORLD_SIZE=0, expected 1 to 2147483647",
        "CAIRN_PORT=70000|wrong environment variable: CAIRN_PORT=70000, expected 1 to 65535",
        "CAIRN_TIMEOUT_SECONDS=soon|wrong environment variable: CAIRN_TIMEOUT_SECONDS=soon,"
            + " expected a number of seconds above 0",
      })
  void wrongVariableIsNamed(String change, String message) {
    Map<String, String> variables = new HashMap<>(byHand(0, 2, 29501));
    String[] parts = change.split("=", 2);
    variables.remove(parts[0]);
    if (parts.length > 1) {
      variables.put(parts[0], parts[1]);
    }
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Communicator.fromEnvironment(variables));
    assertEquals(message, e.getMessage());
  }

  @Test
  void oneRankNeedsNoRendezvous() throws Exception {
    try (Communicator only = Communicator.fromEnvironment(Map.of("RANK", "0", "WORLD_SIZE", "1"))) {
      assertEquals(1, only.size());
    }
  }
}
