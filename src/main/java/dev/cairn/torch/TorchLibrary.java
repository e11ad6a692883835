package dev.cairn.torch;

import dev.cairn.comm.gloo.TorchNatives;

/**
 * PyTorch's native libraries, loaded so that several processes may do it at once.
 *
 * <p>Whoever runs several ranks on a machine and uses PyTorch in them calls {@link #load} before
 * anything of PyTorch. Cairn's own communicators do. Otherwise processes that unpack the libraries
 * into one empty cache of JavaCPP's at once now and then die of SIGBUS. Any thread.
 */
public final class TorchLibrary {
  private TorchLibrary() {}

  /**
   * Loads the libraries, which takes seconds the first time.
   *
   * @throws LinkageError if the bindings or the libraries are missing or do not load
   */
  public static void load() {
    TorchNatives.load();
  }
}
