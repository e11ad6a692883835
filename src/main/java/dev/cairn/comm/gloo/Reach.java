package dev.cairn.comm.gloo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which ranks this one can connect to, found out after Gloo could not. */
final class Reach {
  private static final long TIMEOUT_MILLIS = 2000;
  private static final long POLL_MILLIS = 20;

  private final Map<Integer, SocketChannel> connecting = new HashMap<>();
  private final SortedMap<Integer, String> refused = new TreeMap<>();

  private Reach() {}

  /**
   * Tries all at once, and returns why it could not connect, by rank.
   *
   * @param addresses by rank
   */
  static SortedMap<Integer, String> unreachable(Map<Integer, InetSocketAddress> addresses)
      throws InterruptedException {
    Reach reach = new Reach();
    addresses.forEach(reach::begin);
    long deadline = System.nanoTime() + TIMEOUT_MILLIS * 1_000_000;
    while (!reach.connecting.isEmpty() && System.nanoTime() - deadline < 0) {
      reach.connecting.entrySet().removeIf(entry -> reach.isDecided(entry.getKey()));
      Thread.sleep(POLL_MILLIS);
    }
    reach.connecting.forEach(
        (rank, channel) -> {
          reach.refused.put(rank, "connect timed out");
          close(channel);
        });
    return reach.refused;
  }

  private void begin(int rank, InetSocketAddress address) {
    try {
      SocketChannel channel = SocketChannel.open();
      channel.configureBlocking(false);
      connecting.put(rank, channel);
      channel.connect(address);
    } catch (IOException e) {
      refused.put(rank, e.getMessage());
    }
  }

  private boolean isDecided(int rank) {
    SocketChannel channel = connecting.get(rank);
    try {
      if (!channel.finishConnect()) {
        return false;
      }
    } catch (IOException | RuntimeException e) {
      refused.putIfAbsent(rank, e.getMessage());
    }
    close(channel);
    return true;
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It has carried nothing.
    }
  }
}
