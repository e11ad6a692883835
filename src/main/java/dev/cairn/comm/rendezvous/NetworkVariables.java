package dev.cairn.comm.rendezvous;

import dev.cairn.comm.control.Listening;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** By which variables a user narrows the ports and the network that ranks talk over. */
public final class NetworkVariables {
  private static final String PORTS = "CAIRN_PORTS";
  private static final String INTERFACE = "CAIRN_INTERFACE";
  private static final Pattern RANGE = Pattern.compile("([0-9]{1,5})-([0-9]{1,5})");

  private NetworkVariables() {}

  /** Returns the port of the store that rank 0 hosts, if CAIRN_PORTS says so: the first one. */
  public static Optional<Integer> storePort(Map<String, String> variables) {
    return range(variables).map(range -> range.get(0));
  }

  /**
   * Returns where rank 0's control channel listens: on the ports after the first, so that a rank
   * that comes early to the store finds nothing rather than something else.
   *
   * @throws IllegalArgumentException if a variable is wrong, naming it
   */
  public static Listening listening(Map<String, String> variables) {
    Optional<InetAddress> address = Optional.empty();
    if (LauncherVariables.isSet(variables, INTERFACE)) {
      address = Optional.of(address(variables.get(INTERFACE).trim()));
    }
    List<Integer> range = range(variables).orElse(List.of(-1, 0));
    return new Listening(address, range.get(0) + 1, range.get(1));
  }

  private static Optional<List<Integer>> range(Map<String, String> variables) {
    if (!LauncherVariables.isSet(variables, PORTS)) {
      return Optional.empty();
    }
    Matcher range = RANGE.matcher(variables.get(PORTS).trim());
    if (range.matches()) {
      int first = Integer.parseInt(range.group(1));
      int last = Integer.parseInt(range.group(2));
      if (first > 0 && first < last && last <= 65535) {
        return Optional.of(List.of(first, last));
      }
    }
    throw new IllegalArgumentException(
        "wrong environment variable: %s=%s, expected first-last, two ports or more from 1 to 65535"
            .formatted(PORTS, variables.get(PORTS)));
  }

  /** Returns an address of this host, from the name of an interface or the address itself. */
  private static InetAddress address(String value) {
    try {
      NetworkInterface named = NetworkInterface.getByName(value);
      if (named == null && value.matches("[0-9.]+|.*:.*")) { // Nothing that would be looked up.
        InetAddress literal = InetAddress.getByName(value);
        if (NetworkInterface.getByInetAddress(literal) != null) {
          return literal;
        }
      }
      if (named != null) {
        return Collections.list(named.getInetAddresses()).stream()
            .filter(address -> !address.isLinkLocalAddress())
            .min(Comparator.comparing(address -> address instanceof Inet4Address ? 0 : 1))
            .orElseThrow(() -> wrong(value, null));
      }
    } catch (IOException e) {
      throw wrong(value, e);
    }
    throw wrong(value, null);
  }

  private static IllegalArgumentException wrong(String value, IOException cause) {
    return new IllegalArgumentException(
        "wrong environment variable: %s=%s, expected an interface of this host or an address of it"
            .formatted(INTERFACE, value),
        cause);
  }
}
