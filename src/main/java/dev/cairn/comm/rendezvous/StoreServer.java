package dev.cairn.comm.rendezvous;

import dev.cairn.comm.control.DaemonThreads;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The store that rank 0 hosts while ranks find each other, where no launcher hosts one. Speaks the
 * part of PyTorch's protocol that {@link StoreClient} needs.
 */
final class StoreServer implements Closeable {
  private static final System.Logger LOGGER = System.getLogger(StoreServer.class.getName());
  private static final int BACKLOG = 1024;
  private static final int SILENCE_MILLIS = 120_000;
  private static final long FREE_SECONDS = 1;

  private final ServerSocket listener;
  private final Map<String, byte[]> values = new ConcurrentHashMap<>();
  private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
  private final CountDownLatch acceptingEnded = new CountDownLatch(1);

  /**
   * Listens.
   *
   * @param port 0 for any free one
   * @param address null for all
   */
  StoreServer(int port, InetAddress address) throws IOException {
    listener = new ServerSocket(port, BACKLOG, address);
    DaemonThreads.start("cairn-store", this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  void set(String key, byte[] value) {
    values.put(key, value);
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        clients.add(client);
        DaemonThreads.start("cairn-store-client", () -> serve(client));
      } catch (IOException e) {
        LOGGER.log(System.Logger.Level.DEBUG, "store: no more clients", e);
      }
    }
    acceptingEnded.countDown();
  }

  private void serve(Socket client) {
    try (client) {
      if (listener.isClosed()) {
        return;
      }
      client.setTcpNoDelay(true);
      client.setSoTimeout(SILENCE_MILLIS);
      DataInputStream in = new DataInputStream(client.getInputStream());
      if (in.readByte() != StoreProtocol.VALIDATE
          || Integer.reverseBytes(in.readInt()) != StoreProtocol.MAGIC) {
        throw new ProtocolException("a client that does not speak the store's protocol");
      }
      while (true) {
        answer(in, client.getOutputStream());
      }
    } catch (IOException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "store: a client has gone", e);
    } finally {
      clients.remove(client);
    }
  }

  private void answer(DataInputStream in, OutputStream out) throws IOException {
    int command = in.readByte();
    switch (command) {
      case StoreProtocol.SET -> {
        String key = StoreProtocol.readKey(in);
        set(key, StoreProtocol.readValue(in));
      }
      case StoreProtocol.GET -> {
        byte[] value = values.get(StoreProtocol.readKey(in));
        if (value == null) {
          throw new ProtocolException("a client asks for a key that is not there");
        }
        out.write(StoreProtocol.value(value));
      }
      case StoreProtocol.CHECK -> out.write(check(in));
      case StoreProtocol.DELETE_KEY -> {
        boolean deleted = values.remove(StoreProtocol.readKey(in)) != null;
        out.write(StoreProtocol.number(deleted ? 1 : 0));
      }
      case StoreProtocol.PING -> {
        byte[] nonce = new byte[4];
        in.readFully(nonce);
        out.write(nonce);
      }
      default -> throw new ProtocolException("unknown store command: command=" + command);
    }
  }

  private byte check(DataInputStream in) throws IOException {
    long keys = StoreProtocol.readNumber(in);
    boolean ready = true;
    for (long i = 0; i < keys; i++) {
      ready &= values.containsKey(StoreProtocol.readKey(in));
    }
    return ready ? StoreProtocol.READY : StoreProtocol.NOT_READY;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    awaitFreePort();
    for (Socket client : clients) {
      client.close();
    }
    values.values().forEach(value -> Arrays.fill(value, (byte) 0));
  }

  /** The kernel gives the port free once nobody is in a call to accept any more. */
  private void awaitFreePort() {
    try {
      acceptingEnded.await(FREE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
