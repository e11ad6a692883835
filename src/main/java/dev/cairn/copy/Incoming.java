package dev.cairn.copy;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Messages from other ranks, each rank's numbered in the order of the plan on both sides. Not
 * thread-safe: a copy begins its chunks one by one.
 */
public final class Incoming {
  private final Transport transport;
  private final int[] nextTag;

  /**
   * Creates the receiving end for {@code worldSize} ranks, of which nothing has come.
   *
   * @param transport over which messages come; not closed here
   * @param worldSize count of ranks, 1 or more
   */
  public Incoming(Transport transport, int worldSize) {
    this.transport = transport;
    this.nextTag = new int[worldSize];
  }

  /**
   * {@return the tag of a rank's message; tags come round long after their message has arrived}
   *
   * @param sequence how many messages the rank has sent before, 0 or more
   */
  public static int tag(int sequence) {
    return sequence & Transport.MAX_TAG;
  }

  int worldSize() {
    return nextTag.length;
  }

  /** Something that may fail while messages are on their way. */
  interface Step {
    void run() throws IOException;
  }

  /** The messages that are on their way into one staging buffer. */
  final class Batch {
    private final Deque<Transfer> underWay = new ArrayDeque<>();

    /** Begins to receive a rank's next message. */
    void receive(ByteBuffer place, int rank) throws CommunicationException {
      underWay.add(transport.receive(place, rank, tag(nextTag[rank]++)));
    }

    void await() throws CommunicationException {
      while (!underWay.isEmpty()) {
        underWay.remove().await();
      }
    }

    /**
     * Does a step on the way of the messages. If it fails, those that have begun have ended before
     * the failure is thrown.
     */
    void guard(Step step) throws IOException {
      try {
        step.run();
      } catch (IOException | RuntimeException | Error e) {
        endAfter(e);
        throw e;
      }
    }

    /**
     * Waits, after a failure, for the messages that are on their way: until they end, the transport
     * still writes into the buffer, which may not be freed. They end soon, as the other ranks
     * finish what they are sending, or their transport has failed too.
     */
    private void endAfter(Throwable failure) {
      while (!underWay.isEmpty()) {
        try {
          underWay.remove().await();
        } catch (CommunicationException | RuntimeException e) {
          failure.addSuppressed(e);
        }
      }
    }
  }
}
