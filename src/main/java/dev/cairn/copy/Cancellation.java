package dev.cairn.copy;

import java.io.IOException;

/** Tells a running copy that it is of no use any more, for example because another rank failed. */
public interface Cancellation {
  /**
   * Returns at once while the copy is wanted.
   *
   * @throws IOException if it is not: the reason, for example which rank has failed
   */
  void check() throws IOException;
}
