package dev.cairn.comm.rendezvous;

import dev.cairn.comm.channel.CommunicationException;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/**
 * How rank 0's control address reaches the other ranks. One group, one use; one thread.
 *
 * <p>Whoever can read what is published can join the group.
 */
public interface Rendezvous extends Closeable {
  /** Returns the address that rank 0's control channel listens on; null for all of them. */
  InetAddress bindAddress();

  /** Returns the host name or address by which the others reach rank 0. Rank 0 only. */
  String advertisedHost() throws IOException;

  /**
   * Makes rank 0's endpoint known, if no other one is. Rank 0 only.
   *
   * @param stale an endpoint that is there but behind which there is no group that can still grow
   * @return nothing if it is known now; otherwise the endpoint of another rank 0, living or not
   * @throws CommunicationException if the place is another run's
   */
  Optional<Endpoint> publish(Endpoint endpoint, Optional<Endpoint> stale) throws IOException;

  /** Returns the endpoint of another rank 0 that has replaced this one meanwhile. Rank 0 only. */
  Optional<Endpoint> rival(Endpoint own) throws IOException;

  /**
   * Returns rank 0's endpoint if it is known by now; waits for it a little, at most {@code
   * timeoutMillis}. An exception means the same as nothing yet, with a reason. Not on rank 0.
   *
   * @throws CommunicationException if the place is another run's: waiting is of no use
   */
  Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException;

  /**
   * Returns whether the endpoint stays known after the group is complete, until nobody of this run
   * can come any more: whoever finds that its place is taken shows that two runs may be mixed.
   */
  default boolean lingers() {
    return false;
  }

  /** Returns where ranks meet, for messages. */
  String where();

  /**
   * Ends the rendezvous; on rank 0 the endpoint is withdrawn where that is possible. May be called
   * twice, and by another thread than the rest.
   */
  @Override
  void close() throws IOException;
}
