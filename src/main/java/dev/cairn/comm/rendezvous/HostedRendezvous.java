package dev.cairn.comm.rendezvous;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.control.Origin;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ranks that meet in a store that rank 0 hosts, where no launcher hosts one.
 *
 * <p>The store says whose it is: a rank of another run learns at once that it has come to the wrong
 * place, and a second rank 0 which one holds the port.
 */
public final class HostedRendezvous implements Rendezvous {
  private static final String KEY = "cairn/rank0";
  private static final String HOLDER = "cairn/run";
  private static final long POLL_MILLIS = 50;
  private static final long ANSWER_MILLIS = 2000;

  /** This process's own stores, by port: its next group takes the port of the one before. */
  private static final Map<Integer, HostedRendezvous> HOSTED = new ConcurrentHashMap<>();

  private final String host;
  private final int port;
  private final Origin origin;
  private final int rank;
  private final int size;
  private final StoreLink store;
  private StoreServer server;

  /** Creates a rendezvous; nothing is opened yet. */
  public HostedRendezvous(String host, int port, Origin origin, int rank, int size) {
    this.host = host;
    this.port = port;
    this.origin = origin;
    this.rank = rank;
    this.size = size;
    this.store = new StoreLink(host, port);
  }

  @Override
  public InetAddress bindAddress() {
    return Loopback.bindAddress(host);
  }

  @Override
  public String advertisedHost() {
    return host;
  }

  private String key() {
    return KEY + origin.run().suffix();
  }

  @Override
  public Optional<Endpoint> publish(Endpoint endpoint, Optional<Endpoint> stale)
      throws IOException {
    if (stale.isPresent()) {
      HostedRendezvous before = HOSTED.get(port);
      if (before != null) {
        before.close(); // It has not claimed the port for a group that can still grow.
      }
    }
    try {
      host(new StoreServer(port, bindAddress()), endpoint);
      return Optional.empty();
    } catch (BindException e) {
      Endpoint there = endpointOfHolder(e);
      if (stale.equals(Optional.of(there))) {
        throw e;
      }
      return Optional.of(there);
    }
  }

  /** Asks who holds the port: of another run it is an error, of this one it has an endpoint. */
  private Endpoint endpointOfHolder(BindException taken) throws IOException {
    String here = InetAddress.getLoopbackAddress().getHostAddress();
    try (StoreLink holder = new StoreLink(here, port)) {
      Optional<byte[]> endpoint = holder.find(key(), ANSWER_MILLIS);
      if (endpoint.isPresent()) {
        return Endpoint.parse(endpoint.get());
      }
      refuseAnother(holder.find(HOLDER, ANSWER_MILLIS));
    } catch (CommunicationException known) {
      throw known;
    } catch (IOException | IllegalArgumentException notCairns) {
      taken.addSuppressed(notCairns);
    }
    throw taken;
  }

  private void refuseAnother(Optional<byte[]> holder) throws CommunicationException {
    Optional<Origin> other = holder.flatMap(Origin::parse);
    if (other.isPresent() && !other.get().run().equals(origin.run())) {
      throw origin.met(other.get(), rank, size, where());
    }
  }

  private synchronized void host(StoreServer own, Endpoint endpoint) {
    server = own;
    HOSTED.put(port, this);
    server.set(key(), endpoint.encode());
    server.set(HOLDER, origin.encode());
  }

  @Override
  public Optional<Endpoint> rival(Endpoint own) {
    return Optional.empty(); // Nobody else can have taken the port.
  }

  @Override
  public Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    while (true) {
      // A store that does not answer must not hold this rank beyond its own timeout.
      long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
      Optional<byte[]> endpoint = store.find(key(), leftMillis);
      if (endpoint.isPresent() || leftMillis <= 0) {
        store.close(); // Rank 0 has a thread for each rank that asks it.
        return Endpoint.parseFound(endpoint, "key=" + key());
      }
      refuseAnother(store.find(HOLDER, leftMillis));
      Thread.sleep(POLL_MILLIS);
    }
  }

  @Override
  public boolean lingers() {
    return true;
  }

  @Override
  public String where() {
    return store + " (CAIRN_PORT)";
  }

  @Override
  public synchronized void close() throws IOException {
    try {
      if (server != null) {
        server.close();
        HOSTED.remove(port, this);
      }
    } finally {
      store.close();
    }
  }
}
