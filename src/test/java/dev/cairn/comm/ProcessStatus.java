package dev.cairn.comm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process holds now, by the kernel's count. */
record ProcessStatus(long rssBytes, long threads, long fileDescriptors) {
  static ProcessStatus now() throws IOException {
    long rssKibibytes = 0;
    long threads = 0;
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        rssKibibytes = Long.parseLong(line.replaceAll("\\D", ""));
      } else if (line.startsWith("Threads:")) {
        threads = Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return new ProcessStatus(rssKibibytes << 10, threads, descriptors.count());
    }
  }
}
