package dev.cairn.comm.control;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Frames over one socket. Used on its loop's thread only, once the loop has started. */
public final class Connection {
  /** Whom a connection reports to. */
  interface Owner {
    /** A whole frame has come. */
    void received(Connection connection, Frame frame) throws IOException;

    /**
     * The socket has ended, by the peer or by an error; reported once, not after a close.
     *
     * @param deed what the peer did, to follow its name
     */
    void ended(Connection connection, String deed);
  }

  private static final int OP_BOTH = SelectionKey.OP_READ | SelectionKey.OP_WRITE;
  private static final String GONE = "closed its connection (process gone?)";
  private static final int WINDOW_BYTES = 128 << 10;

  private final SocketChannel channel;
  private final SelectionKey key;
  private final Owner owner;
  private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);
  private final Deque<ByteBuffer> outgoing = new ArrayDeque<>();
  private int maxBodyBytes;
  private int rank = -1;
  private Frame incoming;
  private boolean finishing;
  private long heardNanos = System.nanoTime();

  Connection(EventLoop loop, SocketChannel channel, int maxBodyBytes, Owner owner)
      throws IOException {
    this.channel = channel;
    this.maxBodyBytes = maxBodyBytes;
    this.owner = owner;
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    this.key = loop.register(channel, SelectionKey.OP_READ, this::ready);
  }

  /** Lets larger frames come: the peer has shown that it belongs here, and as which rank. */
  void trust(int admittedRank, int newMaxBodyBytes) {
    rank = admittedRank;
    maxBodyBytes = newMaxBodyBytes;
  }

  /** Returns the rank that was let in over it, or -1. */
  int rank() {
    return rank;
  }

  long heardNanos() {
    return heardNanos;
  }

  void setHeardNanos(long now) {
    heardNanos = now;
  }

  boolean isIdle() {
    return outgoing.isEmpty();
  }

  /** Returns whether frames can still come and go. */
  boolean isOpen() {
    return key.isValid() && !finishing;
  }

  InetAddress localAddress() throws IOException {
    return ((InetSocketAddress) channel.getLocalAddress()).getAddress();
  }

  /** Queues a frame; the loop sends it when the peer takes it. */
  void send(List<ByteBuffer> frame) {
    if (key.isValid() && !finishing) {
      frame.stream().filter(ByteBuffer::hasRemaining).forEach(outgoing::add);
      attempt(this::write);
    }
  }

  /**
   * Sends what is queued and then no more, ignores what comes, and closes when the peer does.
   *
   * <p>Closing at once would not do: with unread data the kernel answers by a reset, and the peer
   * may lose the last frame.
   */
  void finish() {
    if (key.isValid() && !finishing) {
      finishing = true;
      attempt(this::write);
    }
  }

  public void close() {
    key.cancel();
    outgoing.clear();
    EventLoop.closeQuietly(channel);
  }

  /** Returns this end's address, for messages. */
  String localName() {
    return channel.socket().getLocalAddress().getHostAddress();
  }

  /** Returns the other end's address, for messages. */
  String peerName() {
    InetAddress peer = channel.socket().getInetAddress();
    return peer == null ? "an unknown address" : peer.getHostAddress();
  }

  private interface Action {
    void run() throws IOException;
  }

  private void attempt(Action action) {
    try {
      action.run();
    } catch (ProtocolException e) {
      end("broke the protocol: " + e.getMessage());
    } catch (IOException e) {
      end(GONE);
    }
  }

  private void end(String deed) {
    boolean report = !finishing;
    close();
    if (report) {
      owner.ended(this, deed);
    }
  }

  private void ready() {
    if (key.isReadable()) {
      attempt(this::read);
    }
    if (key.isValid() && key.isWritable()) {
      attempt(this::write);
    }
  }

  private void write() throws IOException {
    boolean full = false;
    while (!outgoing.isEmpty() && !full) {
      ByteBuffer next = outgoing.peek();
      ByteBuffer window = window(next);
      channel.write(window);
      next.position(next.position() + window.position());
      full = window.hasRemaining();
      if (!next.hasRemaining()) {
        outgoing.remove();
      }
    }
    key.interestOps(outgoing.isEmpty() ? SelectionKey.OP_READ : OP_BOTH);
    if (finishing && outgoing.isEmpty()) {
      channel.shutdownOutput();
    }
  }

  /** The JDK moves heap memory through direct memory that it keeps: small pieces keep it small. */
  private static ByteBuffer window(ByteBuffer bytes) {
    return bytes.slice(bytes.position(), Math.min(WINDOW_BYTES, bytes.remaining()));
  }

  private void read() throws IOException {
    while (key.isValid()) {
      ByteBuffer target = incoming == null ? header : incoming.body();
      ByteBuffer window = window(target);
      int count = window.hasRemaining() ? channel.read(window) : 0;
      if (count < 0) {
        end(GONE);
        return;
      }
      if (count > 0) {
        heardNanos = System.nanoTime();
        target.position(target.position() + count);
      }
      if (window.hasRemaining()) {
        return;
      }
      if (!target.hasRemaining()) {
        advance();
      }
    }
  }

  private void advance() throws IOException {
    if (incoming == null) {
      header.flip();
      incoming = Frame.parseHeader(header, maxBodyBytes);
      header.clear();
    }
    if (!incoming.body().hasRemaining()) {
      Frame whole = incoming;
      incoming = null;
      whole.body().flip();
      if (!finishing) {
        owner.received(this, whole);
      }
    }
  }
}
