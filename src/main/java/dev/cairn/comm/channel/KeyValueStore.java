package dev.cairn.comm.channel;

import java.io.IOException;
import java.util.Optional;

/**
 * A store of small values that every rank of a group reaches, such as the one through which a
 * trainer's own ranks have met. Whoever can read it can join the group.
 *
 * <p>Borrowed: never closed by this package, and used only while {@code Communicator.over} runs, by
 * one thread at a time, which may be another than the caller's.
 */
public interface KeyValueStore {
  /**
   * Stores a value in place of the one that may be there.
   *
   * @param key text in ASCII
   * @param value at most a few hundred bytes
   * @throws IOException if the store cannot be reached
   */
  void set(String key, byte[] value) throws IOException;

  /**
   * Returns the value that is there by now; does not wait for one.
   *
   * @param key as given to {@link #set} by any rank
   * @return the value; nothing if no rank has set it
   * @throws IOException if the store cannot be reached; asked again until the timeout
   */
  Optional<byte[]> find(String key) throws IOException;
}
