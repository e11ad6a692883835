package dev.cairn.gate;

import java.io.IOException;

/** CUDA's compiler, which some tests need; {@code CAIRN_NVCC} if it is not {@code nvcc}. */
public final class CudaCompiler {
  private CudaCompiler() {}

  /** Returns the command. */
  public static String command() {
    return System.getenv().getOrDefault("CAIRN_NVCC", "nvcc");
  }

  /** Returns whether it can be run. */
  public static boolean isThere() throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command(), "--version").redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
