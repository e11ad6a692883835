package dev.cairn.comm.rendezvous;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.ThreadedRanks;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.control.Listening;
import dev.cairn.support.FreePort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports and networks that a user narrows. */
@Timeout(60)
class NetworkVariablesTest {
  @Test
  void storeTakesTheFirstPortAndTheControlChannelTheOthers() {
    Map<String, String> variables = Map.of("CAIRN_PORTS", "20000-20003");
    assertEquals(Optional.of(20000), NetworkVariables.storePort(variables));
    assertEquals(
        new Listening(Optional.empty(), 20001, 20003), NetworkVariables.listening(variables));
  }

  @Test
  void nothingIsNarrowedUnlessAsked() {
    assertEquals(Optional.empty(), NetworkVariables.storePort(Map.of()));
    assertEquals(Listening.ANYWHERE, NetworkVariables.listening(Map.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"20000", "20000-20000", "20001-20000", "0-5", "9-65536", "a-b"})
  void wrongRangeIsNamed(String ports) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> NetworkVariables.listening(Map.of("CAIRN_PORTS", ports)));
    assertEquals(
        "wrong environment variable: CAIRN_PORTS=%s, expected first-last, two ports or more from 1 to 65535"
            .formatted(ports),
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"lo", "127.0.0.1"})
  void networkIsAnInterfaceOrAnAddress(String value) {
    InetAddress address =
        NetworkVariables.listening(Map.of("CAIRN_INTERFACE", value)).address().orElseThrow();
    assertTrue(address.isLoopbackAddress(), address::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-such-interface", "192.0.2.1", "2001:db8::1"})
  void networkThatIsNotThisHostsIsNamed(String value) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> NetworkVariables.listening(Map.of("CAIRN_INTERFACE", value)));
    assertTrue(
        e.getMessage().startsWith("wrong environment variable: CAIRN_INTERFACE=" + value),
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1", "127.0.1.1", "::1"})
  void whoeverIsSentToLoopbackMeetsThere(String host) {
    assertTrue(Loopback.bindAddress(host).isLoopbackAddress());
  }

  /** Debian's hosts file says that a machine's own name is 127.0.1.1. */
  @ParameterizedTest
  @ValueSource(strings = {"ip6-localhost", "node0", "10.0.0.1", "fd77::1", "127.example.org"})
  void nameThatMayBeLoopbackHereOnlyIsReachedFromOtherHosts(String host) {
    assertEquals(null, Loopback.bindAddress(host));
  }

  private static List<CompletableFuture<Communicator>> start(Map<String, String> more) {
    return IntStream.range(0, 2)
        .mapToObj(
            rank -> {
              Map<String, String> variables = new HashMap<>(more);
              variables.put("RANK", "" + rank);
              variables.put("WORLD_SIZE", "2");
              variables.put("MASTER_ADDR", "127.0.0.1");
              variables.put("MASTER_PORT", "1"); // nobody may listen beside it
              return ThreadedRanks.start(() -> Communicator.fromEnvironment(variables));
            })
        .toList();
  }

  @Test
  void ranksMeetOnTheseTwoPortsAlone() throws Exception {
    int first = FreePort.pairOfPorts();
    List<Communicator> group =
        ThreadedRanks.collect(start(Map.of("CAIRN_PORTS", first + "-" + (first + 1))));
    for (int port = first; port <= first + 1; port++) {
      int taken = port;
      assertThrows(
          java.net.BindException.class,
          () -> new ServerSocket(taken, 1, InetAddress.getLoopbackAddress()).close());
    }
    group.forEach(Communicator::close);
  }

  @Test
  void portsThatAreAllTakenAreNamed() throws Exception {
    int first = FreePort.pairOfPorts();
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), first + 1));
      Map<String, String> variables =
          Map.of("CAIRN_PORTS", first + "-" + (first + 1), "CAIRN_TIMEOUT_SECONDS", "1");
      CommunicationException e = ThreadedRanks.failure(start(variables).get(0));
      String named =
          "no port to listen on: 127.0.0.1, ports %d to %d (CAIRN_PORTS)"
              .formatted(first + 1, first + 1);
      assertTrue(e.getMessage().contains(named), e.getMessage());
    }
  }
}
