package dev.cairn.comm.control;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Optional;

/**
 * Where rank 0 may listen.
 *
 * @param address the network that ranks are to talk over; empty for the one that the rendezvous is
 *     in
 * @param firstPort and {@code lastPort}: the ports to take one of; 0 and 0 for any free one
 */
public record Listening(Optional<InetAddress> address, int firstPort, int lastPort) {
  private static final int BACKLOG = 1024;

  /** What holds unless somebody asks for something else. */
  public static final Listening ANYWHERE = new Listening(Optional.empty(), 0, 0);

  /** Returns the same ports, on {@code other} where no network is asked for. */
  public Listening onAddressOr(InetAddress other) {
    return new Listening(address.or(() -> Optional.ofNullable(other)), firstPort, lastPort);
  }

  /**
   * Binds a socket to the first port that is free.
   *
   * @throws BindException if none is, naming them all
   */
  void bind(ServerSocketChannel listener) throws IOException {
    InetAddress any = null;
    for (int port = firstPort; port <= lastPort; port++) {
      try {
        listener.bind(new InetSocketAddress(address.orElse(any), port), BACKLOG);
        return;
      } catch (BindException taken) {
        if (port == lastPort) {
          throw refused(taken);
        }
      }
    }
  }

  private BindException refused(BindException last) {
    String where = address.map(InetAddress::getHostAddress).orElse("all addresses");
    BindException refused =
        new BindException(
            "no port to listen on: %s, ports %d to %d (CAIRN_PORTS): %s"
                .formatted(where, firstPort, lastPort, last.getMessage()));
    refused.initCause(last);
    return refused;
  }
}
