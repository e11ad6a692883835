package dev.cairn.kernels;

import java.lang.System.Logger.Level;

/** Chooses the kernels of this process, once. */
final class KernelChoice {
  private static final System.Logger LOGGER = System.getLogger(Kernels.class.getName());

  private static Kernels chosen;

  private KernelChoice() {}

  static synchronized Kernels best() {
    if (chosen == null) {
      chosen = choose(System.getenv("CAIRN_MAX_ISA"));
    }
    return chosen;
  }

  private static Kernels choose(String cap) {
    // First of all: a wrong cap is the user's mistake on every machine.
    Isa.choose(Isa.BASELINE, cap);
    if (!NativeLibrary.isLoaded()) {
      LOGGER.log(
          Level.WARNING,
          "casts and checksums run in Java, slower: {0}",
          NativeLibrary.reasonNotLoaded());
      return new JavaKernels();
    }
    return NativeKernels.of(Isa.choose(NativeLibrary.supported(), cap));
  }
}
