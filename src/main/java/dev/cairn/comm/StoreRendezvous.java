package dev.cairn.comm;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Ranks that meet by a key in a store: the launcher's own, or one that rank 0 hosts. */
final class StoreRendezvous implements Rendezvous {
  private static final int ANSWER_MILLIS = 5000;
  private static final long POLL_MILLIS = 50;

  private final String host;
  private final int port;
  private final String key;
  private final boolean hosted;
  private StoreServer server;
  private StoreClient client;

  /**
   * Creates a rendezvous; nothing is opened yet.
   *
   * @param hosted whether rank 0 hosts the store for this group
   */
  StoreRendezvous(String host, int port, String key, boolean hosted) {
    this.host = host;
    this.port = port;
    this.key = key;
    this.hosted = hosted;
  }

  @Override
  public InetAddress bindAddress() throws IOException {
    return isLoopback() ? InetAddress.getLoopbackAddress() : null;
  }

  @SuppressWarnings("AddressSelection") // Any of the host's addresses tells whether it is this one.
  private boolean isLoopback() throws UnknownHostException {
    return InetAddress.getByName(host).isLoopbackAddress();
  }

  @Override
  public String advertisedHost() throws IOException {
    if (hosted || isLoopback()) {
      return host;
    }
    // The launcher's store may be on another host than rank 0.
    InetAddress local = connected(ANSWER_MILLIS).localAddress();
    return local.isLoopbackAddress() ? host : local.getHostAddress();
  }

  @Override
  public void publish(Endpoint endpoint) throws IOException {
    if (hosted) {
      server = new StoreServer(port, bindAddress());
      server.set(key, endpoint.encode());
    } else {
      connected(ANSWER_MILLIS).set(key, endpoint.encode());
    }
  }

  private StoreClient connected(int answerMillis) throws IOException {
    if (client == null) {
      client = new StoreClient(host, port, answerMillis);
    }
    client.answersWithin(answerMillis);
    return client;
  }

  @Override
  public Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    try {
      while (true) {
        // A store that does not answer must not hold this rank beyond its own timeout.
        long leftMillis = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
        Optional<byte[]> value = connected((int) Math.min(leftMillis, ANSWER_MILLIS)).find(key);
        if (value.isPresent() || System.nanoTime() - deadline >= 0) {
          return value.map(Endpoint::parse);
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (IOException e) {
      disconnect(); // The next attempt connects anew.
      throw e;
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void disconnect() throws IOException {
    StoreClient closing = client;
    client = null;
    if (closing != null) {
      closing.close();
    }
  }

  @Override
  public String where() {
    return "store %s:%d (%s)".formatted(host, port, hosted ? "CAIRN_PORT" : "MASTER_PORT");
  }

  @Override
  public void close() throws IOException {
    try {
      if (server != null) {
        server.close();
      }
    } finally {
      disconnect();
    }
  }
}
