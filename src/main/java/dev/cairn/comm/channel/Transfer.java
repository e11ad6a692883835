package dev.cairn.comm.channel;

/** One message on its way. Every transfer is awaited, by one thread. */
public interface Transfer {
  /**
   * Returns when the buffer is the caller's again: received, or handed over for sending.
   *
   * <p>An interrupt is kept for the caller and does not end the wait. After an exception, too, the
   * buffer is the caller's again and is not touched any more.
   *
   * @throws CommunicationException if the peer or another rank died or cancelled, naming it
   */
  void await() throws CommunicationException;
}
