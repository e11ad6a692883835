package dev.cairn.comm.gloo;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.control.DaemonThreads;
import dev.cairn.comm.control.RankNames;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** One rank's Gloo, from its own address to connections. */
final class GlooMeeting {
  private final int rank;
  private final int size;
  private final String local;
  private final long timeoutMillis;
  private final AddressBook addresses;
  private final CompletableFuture<GlooGroup> group = new CompletableFuture<>();

  /**
   * Begins to make the group, on a thread of its own: its constructor waits for addresses.
   *
   * @param local what this rank listens on
   */
  GlooMeeting(int rank, int size, String local, long timeoutMillis) throws IOException {
    this.rank = rank;
    this.size = size;
    this.local = local;
    this.timeoutMillis = timeoutMillis;
    this.addresses = new AddressBook();
    DaemonThreads.start("cairn-gloo-group", this::make);
  }

  private void make() {
    try {
      GlooGroup made = new GlooGroup(rank, size, addresses, local, timeoutMillis);
      if (!group.complete(made)) {
        made.close();
      }
    } catch (RuntimeException | Error e) {
      if (!group.completeExceptionally(e)) {
        addresses.close(); // It was abandoned: nobody else will.
      }
    }
  }

  /** Returns what the other ranks must know to reach this one. */
  byte[] own() throws IOException {
    try {
      return addresses.awaitOwn(rank, group);
    } catch (CompletionException e) {
      throw failed(e);
    }
  }

  /**
   * Connects; blocks.
   *
   * @param told what {@link #own} is on each rank
   */
  GlooGroup connect(List<byte[]> told) throws IOException {
    for (int peer = 0; peer < size; peer++) {
      if (peer != rank) {
        addresses.put(peer, told.get(peer));
      }
    }
    return made();
  }

  private GlooGroup made() throws IOException {
    try {
      return group.join();
    } catch (CompletionException e) {
      throw failed(e);
    }
  }

  private IOException failed(CompletionException e) {
    addresses.close();
    return new IOException(NativeErrors.firstLine(e.getCause()), e);
  }

  /** Ends what will not be connected. */
  void abandon() {
    // Its constructor waits for addresses that never come, in a call that nothing can wake.
    if (!group.complete(null)) {
      addresses.close(); // It has failed.
    }
  }

  /**
   * Returns a failure to connect with both ends, if this rank finds an end that it cannot reach;
   * else the failure as it is.
   */
  CommunicationException unreachable(List<byte[]> told, CommunicationException failure) {
    Map<Integer, InetSocketAddress> peers = new HashMap<>();
    for (int peer = 0; peer < size; peer++) {
      Optional<InetSocketAddress> address = PeerAddress.of(told.get(peer));
      if (peer != rank && address.isPresent()) {
        peers.put(peer, address.get());
      }
    }
    try {
      SortedMap<Integer, String> reasons = Reach.unreachable(peers);
      return reasons.isEmpty() ? failure : named(reasons, peers, failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failure;
    }
  }

  private CommunicationException named(
      SortedMap<Integer, String> reasons,
      Map<Integer, InetSocketAddress> peers,
      CommunicationException failure) {
    int peer = reasons.firstKey();
    String message =
        "gloo: from %s could not reach %s at %s: %s; %d of %d ranks are in reach"
            .formatted(
                local,
                RankNames.name(peer, size),
                PeerAddress.name(peers.get(peer)),
                reasons.get(peer),
                size - reasons.size(),
                size);
    return new CommunicationException(rank, message, failure);
  }
}
