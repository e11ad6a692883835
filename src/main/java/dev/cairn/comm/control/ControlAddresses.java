package dev.cairn.comm.control;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The addresses between which a rank's control connection runs: others work as well.
 *
 * @param local this rank's
 * @param rankZero rank 0's, as this rank reaches it
 */
public record ControlAddresses(InetAddress local, InetAddress rankZero) {
  /** Finds the addresses of a rank, once its group is complete. */
  public interface Finder {
    ControlAddresses find() throws IOException;
  }

  public byte[] encodeLocal() {
    return local.getHostAddress().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Returns the address on which this rank is reached by all others.
   *
   * @param locals every rank's {@link #local}, in rank order
   */
  public static String reachable(int rank, List<String> locals) {
    // Loopback reaches rank 0's host only: ranks there take rank 0's outer address, if it has one.
    String own = locals.get(rank);
    return isLoopback(own) ? locals.get(0) : own;
  }

  private static boolean isLoopback(String address) {
    return address.startsWith("127.") || address.equals("0:0:0:0:0:0:0:1");
  }
}
