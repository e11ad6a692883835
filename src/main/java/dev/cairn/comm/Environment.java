package dev.cairn.comm;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Listening;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.rendezvous.DirectoryRendezvous;
import dev.cairn.comm.rendezvous.HostedRendezvous;
import dev.cairn.comm.rendezvous.LauncherVariables;
import dev.cairn.comm.rendezvous.NetworkVariables;
import dev.cairn.comm.rendezvous.Rendezvous;
import dev.cairn.comm.rendezvous.RunVariables;
import dev.cairn.comm.rendezvous.StoreRendezvous;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** The variables by which a launcher tells a process who it is and where the others are. */
final class Environment {
  /** How many groups this process has joined; the same on every rank of a run. */
  private static final AtomicInteger GROUPS = new AtomicInteger();

  private final Map<String, String> variables;

  Environment(Map<String, String> variables) {
    this.variables = LauncherVariables.normalised(variables);
  }

  Communicator join() throws CommunicationException {
    int size = number("WORLD_SIZE", 1, Integer.MAX_VALUE);
    int rank = number("RANK", 0, size - 1);
    Timeouts timeouts = Timeouts.fromEnvironment(variables);
    if (size == 1) {
      return InProcess.group(1, timeouts).get(0);
    }
    Origin origin = Origin.of(RunVariables.run(variables));
    Rendezvous rendezvous = rendezvous(origin, rank, size);
    Listening listening = NetworkVariables.listening(variables);
    return new TcpGroup(origin, rank, size, timeouts, rendezvous, Optional.empty(), listening)
        .join();
  }

  private Rendezvous rendezvous(Origin origin, int rank, int size) {
    if (isSet("CAIRN_RENDEZVOUS")) {
      Path directory = Path.of(text("CAIRN_RENDEZVOUS")).toAbsolutePath();
      return new DirectoryRendezvous(directory, origin.run());
    }
    if (!isSet("MASTER_ADDR")) {
      throw new IllegalArgumentException(
          "missing environment variable: MASTER_ADDR, expected the host of rank 0, with MASTER_PORT,"
              + " from the launcher or by hand (mpirun -x), or a directory in CAIRN_RENDEZVOUS");
    }
    String host = text("MASTER_ADDR");
    if (variables.getOrDefault("TORCHELASTIC_USE_AGENT_STORE", "").equalsIgnoreCase("true")) {
      // The agent's store outlives a group: the next group of these processes has its own key. That
      // of processes which are started again finds the address of a rank 0 that is no more.
      String key = "cairn/%s/%d".formatted(text("TORCHELASTIC_RUN_ID"), GROUPS.getAndIncrement());
      return new StoreRendezvous(host, number("MASTER_PORT", 1, 65535), key);
    }
    return new HostedRendezvous(host, storePort(), origin, rank, size);
  }

  private int storePort() {
    if (isSet("CAIRN_PORT")) {
      return number("CAIRN_PORT", 1, 65535);
    }
    Optional<Integer> first = NetworkVariables.storePort(variables);
    return first.isPresent() ? first.get() : number("MASTER_PORT", 1, 65534) + 1;
  }

  private boolean isSet(String name) {
    return LauncherVariables.isSet(variables, name);
  }

  private String text(String name) {
    if (!isSet(name)) {
      throw missing(name);
    }
    return variables.get(name).trim();
  }

  private static IllegalArgumentException missing(String name) {
    return new IllegalArgumentException(
        "missing environment variable: %s, expected to be set by the launcher".formatted(name));
  }

  private int number(String name, int least, int most) {
    String value = text(name);
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(name, value, least, most);
    }
    throw wrong(name, value, least, most);
  }

  private static IllegalArgumentException wrong(String name, String value, int least, int most) {
    return new IllegalArgumentException(
        "wrong environment variable: %s=%s, expected %d to %d".formatted(name, value, least, most));
  }
}
