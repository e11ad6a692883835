package dev.cairn.comm.rendezvous;

import dev.cairn.comm.channel.KeyValueStore;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/** Ranks that meet by a key in a store that the caller lends. */
public final class LentStoreRendezvous implements Rendezvous {
  private static final String KEY = "cairn/rank0";
  private static final byte[] WITHDRAWN = {};
  private static final long POLL_MILLIS = 20;

  private final KeyValueStore store;
  private final String host;
  private Optional<Endpoint> published = Optional.empty();

  /**
   * Creates a rendezvous; the store is not used yet.
   *
   * @param host by which the other ranks reach rank 0; rank 0's counts
   */
  public LentStoreRendezvous(KeyValueStore store, String host) {
    this.store = store;
    this.host = host;
  }

  @Override
  public InetAddress bindAddress() {
    return Loopback.bindAddress(host);
  }

  @Override
  public String advertisedHost() {
    return host;
  }

  @Override
  public Optional<Endpoint> publish(Endpoint endpoint, Optional<Endpoint> stale)
      throws IOException {
    Optional<Endpoint> there = Endpoint.otherThan(stale, store.find(KEY));
    if (there.isEmpty()) {
      store.set(KEY, endpoint.encode());
      published = Optional.of(endpoint);
    }
    return there;
  }

  @Override
  public Optional<Endpoint> rival(Endpoint own) throws IOException {
    return Endpoint.otherThan(Optional.of(own), store.find(KEY));
  }

  @Override
  public Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    while (true) {
      Optional<byte[]> value = store.find(KEY).filter(found -> found.length > 0);
      if (value.isPresent() || System.nanoTime() - deadline >= 0) {
        return Endpoint.parseFound(value, "key=" + KEY);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  @Override
  public String where() {
    return "the lent store";
  }

  @Override
  public void close() throws IOException {
    Optional<Endpoint> withdrawn = published;
    published = Optional.empty();
    if (withdrawn.isPresent() && rival(withdrawn.get()).isEmpty()) {
      // Not deleted: a rank that has just seen the key would wait for its value in some stores.
      store.set(KEY, WITHDRAWN);
    }
  }
}
