package dev.cairn.comm;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/**
 * How rank 0's control address reaches the other ranks. One group, one use; one thread.
 *
 * <p>Whoever can read what is published can join the group.
 */
interface Rendezvous extends Closeable {
  /** Returns the address that rank 0's control channel listens on; null for all of them. */
  InetAddress bindAddress() throws IOException;

  /** Returns the host name or address by which the others reach rank 0. Rank 0 only. */
  String advertisedHost() throws IOException;

  /** Makes rank 0's endpoint known. Rank 0 only. */
  void publish(Endpoint endpoint) throws IOException;

  /**
   * Returns rank 0's endpoint if it is known by now; waits for it a little, at most {@code
   * timeoutMillis}. An exception means the same as nothing yet, with a reason. Not on rank 0.
   */
  Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException;

  /** Returns where ranks meet, for messages. */
  String where();

  /** Ends the rendezvous; on rank 0 the endpoint is withdrawn where that is possible. */
  @Override
  void close() throws IOException;
}
