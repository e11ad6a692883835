package dev.cairn.cli.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of this process's memory; zeros where there is no {@code /proc}. */
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");

  private ProcessMemory() {}

  /** Forgets the peak so far: from here on {@link #peakBytes} counts anew. */
  public static void forgetPeak() throws IOException {
    if (Files.exists(CLEAR_REFS)) {
      Files.writeString(CLEAR_REFS, "5");
    }
  }

  /** Returns the resident memory now. */
  public static long residentBytes() throws IOException {
    return statusBytes("VmRSS:");
  }

  /** Returns the largest resident memory since {@link #forgetPeak}, or since the start. */
  public static long peakBytes() throws IOException {
    return statusBytes("VmHWM:");
  }

  private static long statusBytes(String key) throws IOException {
    if (!Files.exists(STATUS)) {
      return 0;
    }
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(key)) {
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no such line: key=" + key + ", file=" + STATUS);
  }
}
