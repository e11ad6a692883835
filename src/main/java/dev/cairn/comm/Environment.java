package dev.cairn.comm;

import java.nio.file.Path;
import java.util.Map;

/** The variables by which a launcher tells a process who it is and where the others are. */
final class Environment {
  private final Map<String, String> variables;

  Environment(Map<String, String> variables) {
    this.variables = Map.copyOf(variables);
  }

  Communicator join() throws CommunicationException {
    int size = number("WORLD_SIZE", 1, Integer.MAX_VALUE);
    int rank = number("RANK", 0, size - 1);
    Timeouts timeouts = Timeouts.fromEnvironment(variables);
    if (size == 1) {
      return InProcess.group(1, timeouts).get(0);
    }
    return new TcpGroup(rank, size, timeouts, rendezvous()).join();
  }

  private Rendezvous rendezvous() {
    if (isSet("CAIRN_RENDEZVOUS")) {
      return new DirectoryRendezvous(Path.of(text("CAIRN_RENDEZVOUS")).toAbsolutePath());
    }
    throw missing("CAIRN_RENDEZVOUS");
  }

  private boolean isSet(String name) {
    return !variables.getOrDefault(name, "").isBlank();
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
