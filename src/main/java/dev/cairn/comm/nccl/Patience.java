package dev.cairn.comm.nccl;

import java.io.IOException;

/** Whether what is being done is still wanted: asked over and over while a call is made. */
public interface Patience {
  /**
   * Returns while it is.
   *
   * @throws IOException why it is not
   */
  void check() throws IOException;
}
