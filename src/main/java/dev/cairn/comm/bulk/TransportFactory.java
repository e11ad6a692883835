package dev.cairn.comm.bulk;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transport;
import java.util.List;

/** Makes transports, each in two steps so that ranks can agree in between. */
public interface TransportFactory {
  /** Loads what this rank needs, if it has not been loaded. */
  default void load() throws CommunicationException {}

  /**
   * Returns what the other ranks must know to prepare; nothing has been loaded. Cheap: it is asked
   * for before each save.
   */
  default byte[] introduce() {
    return new byte[0];
  }

  /**
   * Loads what this rank needs and returns what the others must know to reach it.
   *
   * @param introduced what {@link #introduce} returned on each rank, in rank order
   */
  byte[] prepare(List<byte[]> introduced) throws CommunicationException;

  /**
   * Connects to the other ranks, all of which have prepared.
   *
   * @param generation 0 for the first transport of the group, then 1 more for each
   * @param prepared what {@link #prepare} returned on each rank, in rank order
   */
  EndableTransport connect(long generation, List<byte[]> prepared) throws CommunicationException;

  /** Frees what only {@link #connect} needed: every rank has connected or given up. */
  default void settle() {}

  /** Returns whether a transport is Cairn's own, not over something that the trainer has lent. */
  default boolean isOwn(EndableTransport transport) {
    return true;
  }

  /** Makes only transports of Cairn's own from now on. */
  default void withdraw() {}

  /** A transport that can be told why it ends. */
  interface EndableTransport extends Transport {
    /** Wakes every transfer with {@code reason}; nothing works afterwards. Any thread. */
    void end(CommunicationException reason);
  }
}
