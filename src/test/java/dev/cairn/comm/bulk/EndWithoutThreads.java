package dev.cairn.comm.bulk;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.control.Session;
import dev.cairn.machine.Machine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ends a transport with a message on its way in a JVM into which {@code faults/calls.cpp} is loaded
 * and which gets no more threads.
 *
 * <p>Argument: the file through which that is ordered.
 */
final class EndWithoutThreads {
  private static final int THREAD = 5;

  private EndWithoutThreads() {}

  public static void main(String[] arguments) throws Exception {
    MappedByteBuffer fault;
    try (FileChannel control = FileChannel.open(Path.of(arguments[0]), READ, WRITE)) {
      fault = control.map(FileChannel.MapMode.READ_WRITE, 0, 1024);
    }
    OneMessage group = new OneMessage();
    Session session = new Session(0, 2, 0, Machine.local());
    MessageTransport transport =
        new MessageTransport(session, Timeouts.defaults(), group, "a group", () -> {});
    Transfer receive = transport.receive(ByteBuffer.allocateDirect(8), 1, 0);
    fault.order(ByteOrder.nativeOrder()).putInt(0, THREAD);
    transport.end(new CommunicationException(1, "disk full"));
    assertEquals(1, group.released.get());
    assertThrows(CommunicationException.class, receive::await);
    transport.close(); // returns: nothing is on its way any more
  }

  /** A group whose message never arrives. */
  private static final class OneMessage implements MessageGroup, MessageGroup.Posted {
    private final AtomicInteger released = new AtomicInteger();

    @Override
    public int rank() {
      return 0;
    }

    @Override
    public int size() {
      return 2;
    }

    @Override
    public Posted send(ByteBuffer direct, int peer, int slot) {
      throw new IllegalStateException("nothing is sent");
    }

    @Override
    public Posted receive(ByteBuffer direct, int peer, int slot) {
      return this;
    }

    @Override
    public void await(long timeoutMillis) {
      throw new IllegalStateException("nobody waits for the message before the end");
    }

    @Override
    public void wake() {
      throw new IllegalStateException("nobody waits for the message before the end");
    }

    @Override
    public void release() {
      released.incrementAndGet();
    }
  }
}
