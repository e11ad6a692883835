package dev.cairn.benchmarks.scale;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stands between rank 1 and rank 0: what rank 1 says, all ranks above it say too, each over its own
 * connection and with its own number in the hello. What rank 0 says to rank 1 is passed on; what it
 * says to the others is counted. So rank 0's control channel is the real one of a group of
 * thousands, and one thread is all of the others.
 */
final class Mirror implements AutoCloseable {
  /** In a hello: length, kind and number of the frame, the secret; then rank and size follow. */
  private static final int RANK_OFFSET = 4 + 1 + 8 + 32;

  private static final int BUFFER_BYTES = 256 << 10;

  private final int world;
  private final InetSocketAddress hub;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Selector selector = Selector.open();
  private final List<SocketChannel> ranks = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final AtomicLong receivedBytes = new AtomicLong();
  private SocketChannel rankOne;
  private SocketChannel rankOnesLine;

  /**
   * Listens for rank 1.
   *
   * @param hub where rank 0 listens
   */
  Mirror(int world, InetSocketAddress hub) throws IOException {
    this.world = world;
    this.hub = hub;
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /** Returns the port that rank 1 is to come to. */
  int port() throws IOException {
    return ((InetSocketAddress) listener.getLocalAddress()).getPort();
  }

  /** Returns how many bytes rank 0 has sent so far to all others. Any thread. */
  long receivedBytes() {
    return receivedBytes.get();
  }

  /** Passes everything on until rank 0 has closed all connections. */
  void run() throws IOException {
    rankOne = listener.accept();
    rankOne.setOption(StandardSocketOptions.TCP_NODELAY, true);
    connect(hello(rankOne));
    register(rankOne);
    while (!ranks.isEmpty()) {
      selector.select();
      for (SelectionKey key : selector.selectedKeys()) {
        if (key.isValid()) {
          pass((SocketChannel) key.channel());
        }
      }
      selector.selectedKeys().clear();
    }
  }

  private static ByteBuffer hello(SocketChannel rankOne) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
    read(rankOne, length);
    ByteBuffer hello = ByteBuffer.allocate(4 + 1 + 8 + length.getInt(0));
    read(rankOne, hello.putInt(length.getInt(0)));
    return hello;
  }

  private static void read(SocketChannel channel, ByteBuffer whole) throws IOException {
    while (whole.hasRemaining()) {
      if (channel.read(whole) < 0) {
        throw new IOException("rank 1 has gone");
      }
    }
  }

  private void connect(ByteBuffer hello) throws IOException {
    for (int rank = 1; rank < world; rank++) {
      SocketChannel channel = SocketChannel.open(hub);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      write(channel, hello.putInt(RANK_OFFSET, rank).rewind());
      ranks.add(channel);
    }
    rankOnesLine = ranks.get(0);
    for (SocketChannel channel : ranks) {
      register(channel);
    }
  }

  private void register(SocketChannel channel) throws IOException {
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ);
  }

  private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private void pass(SocketChannel from) throws IOException {
    int count = from.read(buffer.clear());
    buffer.flip();
    if (from == rankOne) {
      sayToHub(count);
      return;
    }
    receivedBytes.addAndGet(Math.max(0, count));
    if (count < 0) {
      ranks.remove(from);
      from.close();
    }
    if (from == rankOnesLine) {
      sayToRankOne(count);
    }
  }

  private void sayToRankOne(int count) {
    try {
      if (count < 0) {
        rankOne.close();
      } else {
        write(rankOne, buffer);
      }
    } catch (IOException e) {
      rankOnesLine = null; // it has gone; what is left for it nobody hears
    }
  }

  /** Says for all ranks what rank 1 has said, or that it says no more. */
  private void sayToHub(int count) throws IOException {
    if (count < 0) {
      rankOne.keyFor(selector).cancel(); // not closed: what it is told still goes there
    }
    for (SocketChannel rank : ranks) {
      if (count < 0) {
        rank.shutdownOutput();
      } else {
        write(rank, buffer.duplicate());
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel rank : ranks) {
      rank.close();
    }
    if (rankOne != null) {
      rankOne.close();
    }
    selector.close();
    listener.close();
  }
}
