package dev.cairn.comm.rendezvous;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;

/** A client of PyTorch's TCP store, or of {@link StoreServer}. One thread. */
final class StoreClient implements Closeable {
  private final Socket socket = new Socket();
  private final DataInputStream in;

  /**
   * Connects.
   *
   * @param timeoutMillis for the connection, and for each answer
   */
  StoreClient(String host, int port, int timeoutMillis) throws IOException {
    try {
      InetSocketAddress address = new InetSocketAddress(host, port);
      if (address.isUnresolved()) {
        throw new IOException("unknown host: host=" + host);
      }
      socket.connect(address, timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      socket.setTcpNoDelay(true);
      in = new DataInputStream(socket.getInputStream());
      send(StoreProtocol.validate());
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Sets how long an answer is waited for from now on. */
  void answersWithin(int timeoutMillis) throws IOException {
    socket.setSoTimeout(timeoutMillis);
  }

  /** Returns the address of this host by which the store is reached. */
  InetAddress localAddress() {
    return socket.getLocalAddress();
  }

  private void send(byte[] command) throws IOException {
    socket.getOutputStream().write(command);
  }

  void set(String key, byte[] value) throws IOException {
    send(StoreProtocol.set(key, value));
    find(key); // An answer: the store has taken the value.
  }

  /** Returns the value of a key if it is there by now. */
  Optional<byte[]> find(String key) throws IOException {
    send(StoreProtocol.about(StoreProtocol.CHECK, key));
    if (in.readByte() != StoreProtocol.READY) {
      return Optional.empty();
    }
    send(StoreProtocol.about(StoreProtocol.GET, key));
    return Optional.of(StoreProtocol.readValue(in));
  }

  void delete(String key) throws IOException {
    send(StoreProtocol.about(StoreProtocol.DELETE_KEY, key));
    StoreProtocol.readNumber(in);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
