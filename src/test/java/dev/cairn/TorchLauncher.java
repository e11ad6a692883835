package dev.cairn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;

/** The Python that has torchrun, or has it not. */
public final class TorchLauncher {
  private TorchLauncher() {}

  /** Returns the interpreter to start. */
  public static String python() {
    String fromEnvironment = System.getenv().getOrDefault("CAIRN_PYTHON", "python3");
    return System.getProperty("CAIRN_PYTHON", fromEnvironment);
  }

  /** Skips a test, with one line that says why, where there is no torchrun. */
  public static void assumeThere(String test) throws InterruptedException {
    String reason = reasonMissing();
    if (!reason.isEmpty()) {
      System.getLogger("tests").log(Level.WARNING, "skipped " + test + ", " + reason);
    }
    assumeTrue(reason.isEmpty(), reason);
  }

  private static String reasonMissing() throws InterruptedException {
    try {
      Process probe =
          new ProcessBuilder(python(), "-c", "import torch.distributed.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return probe.waitFor() == 0 ? "" : "python=" + python() + " has no torch.distributed.run";
    } catch (IOException e) {
      return "no python: " + e.getMessage();
    }
  }
}
