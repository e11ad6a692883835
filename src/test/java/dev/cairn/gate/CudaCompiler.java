package dev.cairn.gate;

import dev.cairn.support.ExternalProgram;

/** CUDA's compiler, which some tests need; {@code CAIRN_NVCC} if it is not {@code nvcc}. */
public final class CudaCompiler {
  private CudaCompiler() {}

  /** Returns the command. */
  public static String command() {
    return System.getenv().getOrDefault("CAIRN_NVCC", "nvcc");
  }

  /** Returns whether it can be run. */
  public static boolean isThere() throws InterruptedException {
    return ExternalProgram.succeeds(command(), "--version");
  }
}
