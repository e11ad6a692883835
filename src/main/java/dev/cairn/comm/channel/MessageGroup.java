package dev.cairn.comm.channel;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bulk messages between ranks that are connected: Cairn's own over Gloo, or a group that the
 * trainer has, with the ranks that a communicator has, lent to {@code Communicator.over}.
 *
 * <p>Messages of one pair of ranks and one slot arrive in order. Any number may be on their way.
 */
public interface MessageGroup {
  /** {@return this rank's number, from 0} */
  int rank();

  /** {@return how many ranks there are} */
  int size();

  /**
   * Starts sending the bytes from position to limit.
   *
   * @param direct direct memory, left alone until the message has ended
   * @param peer another rank
   * @param slot what both sides name the message by
   * @return the message on its way
   * @throws IOException if the group has failed
   */
  Posted send(ByteBuffer direct, int peer, int slot) throws IOException;

  /**
   * Starts receiving into the bytes from position to limit.
   *
   * @param direct direct memory, undefined until the message has ended
   * @param peer another rank
   * @param slot what both sides name the message by
   * @return the message on its way
   * @throws IOException if the group has failed
   */
  Posted receive(ByteBuffer direct, int peer, int slot) throws IOException;

  /** A message on its way. Ends with {@link #await} or {@link #release}, whichever comes. */
  interface Posted {
    /**
     * Waits for the message and frees what it needed; called once. The memory is the caller's again
     * when this returns or throws.
     *
     * @param timeoutMillis how long at most
     * @throws IOException if the message did not go through
     */
    void await(long timeoutMillis) throws IOException;

    /** Makes a thread that awaits the message throw soon. Any thread. */
    void wake();

    /** Frees a message that nobody will await; the memory is the caller's again afterwards. */
    void release();
  }
}
