package dev.cairn.comm.rendezvous;

import java.net.InetAddress;
import java.util.regex.Pattern;

/** Where rank 0 listens: for all networks, unless every rank was sent to its own host. */
final class Loopback {
  private static final Pattern LITERAL =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|::1|0:0:0:0:0:0:0:1");

  private Loopback() {}

  /**
   * Returns whether a host is loopback for whoever uses it. A name that resolves to a loopback
   * address here is not: Debian's hosts file gives the machine's own name 127.0.1.1, and the other
   * hosts know it by another address.
   */
  static boolean isLiteral(String host) {
    return LITERAL.matcher(host).matches();
  }

  /** Returns the address to listen on for ranks that are sent to {@code host}; null for all. */
  static InetAddress bindAddress(String host) {
    return isLiteral(host) ? InetAddress.getLoopbackAddress() : null;
  }
}
