package dev.cairn.comm.rendezvous;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/** Ranks that meet by a key of their own in the store of their launcher. */
public final class StoreRendezvous implements Rendezvous {
  private static final long POLL_MILLIS = 50;

  private final String host;
  private final String key;
  private final StoreLink store;

  /**
   * Creates a rendezvous; nothing is opened yet.
   *
   * @param key no other group's
   */
  public StoreRendezvous(String host, int port, String key) {
    this.host = host;
    this.key = key;
    this.store = new StoreLink(host, port);
  }

  @Override
  public InetAddress bindAddress() {
    return Loopback.bindAddress(host);
  }

  @Override
  public String advertisedHost() throws IOException {
    if (Loopback.isLiteral(host)) {
      return host;
    }
    // The launcher's store may be on another host than rank 0.
    InetAddress local = store.localAddress();
    return local.isLoopbackAddress() ? host : local.getHostAddress();
  }

  @Override
  public Optional<Endpoint> publish(Endpoint endpoint, Optional<Endpoint> stale)
      throws IOException {
    Optional<Endpoint> there = Endpoint.otherThan(stale, store.find(key, Integer.MAX_VALUE));
    if (there.isEmpty()) {
      store.set(key, endpoint.encode());
    }
    return there;
  }

  @Override
  public Optional<Endpoint> rival(Endpoint own) throws IOException {
    return Endpoint.otherThan(Optional.of(own), store.find(key, Integer.MAX_VALUE));
  }

  @Override
  public Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    while (true) {
      // A store that does not answer must not hold this rank beyond its own timeout.
      long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
      Optional<byte[]> value = store.find(key, leftMillis);
      if (value.isPresent() || System.nanoTime() - deadline >= 0) {
        return Endpoint.parseFound(value, "key=" + key);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  @Override
  public String where() {
    return store + " (MASTER_PORT)";
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
