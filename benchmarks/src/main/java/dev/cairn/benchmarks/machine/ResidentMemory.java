package dev.cairn.benchmarks.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process has in memory, as Linux counts it. */
public final class ResidentMemory {
  private ResidentMemory() {}

  /** Forgets the peak so far; returns the bytes resident now. */
  public static long resetPeak() throws IOException {
    Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    return bytes("VmRSS:");
  }

  /** Returns the largest number of resident bytes since the last reset. */
  public static long peak() throws IOException {
    return bytes("VmHWM:");
  }

  private static long bytes(String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no " + key + " in /proc/self/status");
  }
}
