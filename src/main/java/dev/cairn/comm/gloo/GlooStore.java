package dev.cairn.comm.gloo;

import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;

/** The store through which the ranks of a Gloo group meet: rank 0's server, or a client of it. */
public final class GlooStore implements AutoCloseable {
  private final TCPStore store;

  private GlooStore(String host, int port, boolean isServer, long timeoutMillis) {
    try (TCPStoreOptions options = new TCPStoreOptions();
        Milliseconds timeout = new Milliseconds(timeoutMillis)) {
      options.port((short) port).isServer(isServer).waitWorkers(false).timeout(timeout);
      store = new TCPStore(host, options);
    }
  }

  /** Returns rank 0's, on any free port. */
  public static GlooStore server(long timeoutMillis) {
    return new GlooStore("localhost", 0, true, timeoutMillis);
  }

  /** Returns a client of rank 0's. */
  public static GlooStore client(String host, int port, long timeoutMillis) {
    return new GlooStore(host, port, false, timeoutMillis);
  }

  public int port() {
    return Short.toUnsignedInt(store.getPort());
  }

  TCPStore handle() {
    return store;
  }

  @Override
  public void close() {
    store.close();
  }
}
