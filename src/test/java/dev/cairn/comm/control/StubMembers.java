package dev.cairn.comm.control;

import dev.cairn.comm.rendezvous.Endpoint;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * All ranks but the first, on one thread: they say what ranks say, and count what they are told.
 */
final class StubMembers implements AutoCloseable {
  private static final int SINK_BYTES = 1 << 20;

  /** One of them, and the frame that it is in. */
  private static final class Stub {
    private final SocketChannel channel;
    private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);
    private int bodyBytes;
    private Frame.Kind kind;

    Stub(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private final Selector selector = Selector.open();
  private final List<Stub> stubs = new ArrayList<>();
  private final ByteBuffer sink = ByteBuffer.allocateDirect(SINK_BYTES);
  private long receivedBytes;
  private int awaited;
  private Frame.Kind awaitedKind;

  /** Connects them and says hello for each. */
  StubMembers(Endpoint rankZero, int size) throws IOException {
    for (int rank = 1; rank < size; rank++) {
      SocketChannel channel = SocketChannel.open(rankZero.address());
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      Stub stub = new Stub(channel);
      stubs.add(stub);
      // As a process of its own each: a second rank of one process asks for the next group.
      Origin origin = new Origin(Run.UNKNOWN, rank, rank);
      send(stub, Frame.hello(rankZero.secretBytes(), rank, size, origin));
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, stub);
    }
  }

  private static void send(Stub stub, List<ByteBuffer> frame) throws IOException {
    for (ByteBuffer part : frame) {
      while (part.hasRemaining()) {
        stub.channel.write(part);
      }
    }
  }

  /** Joins a round with a message from each rank. */
  void join(long round, IntFunction<byte[]> messages) throws IOException {
    for (int rank = 1; rank <= stubs.size(); rank++) {
      Join join = new Join(Collective.ALL_GATHER, 0, "", messages.apply(rank));
      send(stubs.get(rank - 1), Frame.join(round, join));
    }
  }

  /** Returns once each has got a frame of this kind. */
  void await(Frame.Kind kind) throws IOException {
    awaited = stubs.size();
    awaitedKind = kind;
    while (awaited > 0) {
      selector.select(1000);
      for (SelectionKey key : selector.selectedKeys()) {
        read((Stub) key.attachment());
      }
      selector.selectedKeys().clear();
    }
  }

  private void read(Stub stub) throws IOException {
    while (true) {
      ByteBuffer target = stub.kind == null ? stub.header : sink.clear();
      if (stub.kind != null) {
        target.limit(Math.min(SINK_BYTES, stub.bodyBytes));
      }
      int count = target.hasRemaining() ? stub.channel.read(target) : 0;
      if (count < 0) {
        throw new EOFException("rank 0 has dropped a rank");
      }
      receivedBytes += count;
      if (stub.kind == null && !stub.header.hasRemaining()) {
        stub.bodyBytes = stub.header.getInt(0);
        stub.kind = kind(stub.header);
        stub.header.clear();
      } else if (stub.kind != null) {
        stub.bodyBytes -= count;
      } else {
        return;
      }
      if (stub.bodyBytes == 0) {
        awaited -= stub.kind == awaitedKind ? 1 : 0;
        stub.kind = null;
      } else if (count == 0) {
        return;
      }
    }
  }

  private static Frame.Kind kind(ByteBuffer header) throws IOException {
    // As if it had no body, for which there would be memory.
    ByteBuffer bodyless = ByteBuffer.allocate(Frame.HEADER_BYTES).putInt(0);
    bodyless.put(header.slice(Integer.BYTES, Frame.HEADER_BYTES - Integer.BYTES)).flip();
    return Frame.parseHeader(bodyless, 0).kind();
  }

  long receivedBytes() {
    return receivedBytes;
  }

  @Override
  public void close() throws IOException {
    for (Stub stub : stubs) {
      stub.channel.close();
    }
    selector.close();
  }
}
