package dev.cairn.support;

import java.io.IOException;

/** The Python that has torchrun, or has it not. */
public final class TorchLauncher {
  private TorchLauncher() {}

  /** Skips a test, with one line that says why, where there is no torchrun. */
  public static void assumeThere(String test) throws InterruptedException {
    String reason = reasonMissing();
    if (!reason.isEmpty()) {
      PythonScript.skip(test, reason);
    }
  }

  private static String reasonMissing() throws InterruptedException {
    try {
      Process probe =
          new ProcessBuilder(PythonScript.python(), "-c", "import torch.distributed.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return probe.waitFor() == 0
          ? ""
          : "python=" + PythonScript.python() + " has no torch.distributed.run";
    } catch (IOException e) {
      return "no python: " + e.getMessage();
    }
  }
}
