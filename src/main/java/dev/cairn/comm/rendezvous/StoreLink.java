package dev.cairn.comm.rendezvous;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/** A store that may not be there yet: connects when it is asked, and anew after a failure. */
final class StoreLink implements Closeable {
  private static final int ANSWER_MILLIS = 5000;

  private final String host;
  private final int port;
  private StoreClient client;

  StoreLink(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Returns the address of this host by which the store is reached. */
  InetAddress localAddress() throws IOException {
    return connected(ANSWER_MILLIS).localAddress();
  }

  void set(String key, byte[] value) throws IOException {
    connected(ANSWER_MILLIS).set(key, value);
  }

  /** Returns the value of a key if it is there by now. */
  Optional<byte[]> find(String key, long timeoutMillis) throws IOException {
    try {
      int answerMillis = (int) Math.max(1, Math.min(timeoutMillis, ANSWER_MILLIS));
      return connected(answerMillis).find(key);
    } catch (IOException e) {
      close(); // The next attempt connects anew.
      throw e;
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
  public void close() throws IOException {
    StoreClient closing = client;
    client = null;
    if (closing != null) {
      closing.close();
    }
  }

  @Override
  public String toString() {
    return "store %s:%d".formatted(host, port);
  }
}
