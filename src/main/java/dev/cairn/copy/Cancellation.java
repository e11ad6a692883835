package dev.cairn.copy;

import java.io.IOException;

/** Tells a running copy to stop, for example because another rank failed. */
public interface Cancellation {
  /**
   * Returns at once while the copy is to go on.
   *
   * @throws IOException if it is to stop: the reason, for example which rank has failed
   */
  void check() throws IOException;
}
