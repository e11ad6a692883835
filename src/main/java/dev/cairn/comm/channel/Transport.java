package dev.cairn.comm.channel;

import java.nio.ByteBuffer;

/**
 * The channel for bulk data: messages between two ranks, from and into the callers' memory.
 *
 * <p>Messages of one pair of ranks and one tag arrive in the order they were sent. Any number may
 * be in flight, with different tags or the same; both sides give the same length, which may be 0.
 * Messages whose lengths differ do not meet: they end with an error, at the latest after the
 * operation timeout. Any thread. Once a transport has failed or was cancelled every call throws;
 * {@code Communicator.transport} then makes a new one.
 */
public interface Transport extends AutoCloseable {
  /** The largest tag. */
  int MAX_TAG = (1 << 20) - 1;

  /**
   * Starts sending the bytes from position to limit, which stay as they are.
   *
   * @param direct a direct buffer; must not be written until {@link Transfer#await} returns or
   *     throws
   * @param peer another rank
   * @param tag 0 to {@link #MAX_TAG}
   * @return the message on its way, to be awaited
   * @throws CommunicationException if the transport has failed or was cancelled
   * @throws IllegalArgumentException if the buffer is not direct, or peer or tag out of range
   */
  Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException;

  /**
   * Starts receiving into the bytes from position to limit, which stay as they are.
   *
   * @param direct a direct, writable buffer; its content is undefined until {@link Transfer#await}
   *     returns
   * @param peer another rank
   * @param tag 0 to {@link #MAX_TAG}
   * @return the message on its way, to be awaited
   * @throws CommunicationException if the transport has failed or was cancelled
   * @throws IllegalArgumentException if the buffer is not direct or read-only, or peer or tag out
   *     of range
   */
  Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException;

  /** Ends this rank's side; transfers in flight, here and at the peers, end with an error. */
  @Override
  void close();
}
