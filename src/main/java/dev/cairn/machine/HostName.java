package dev.cairn.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this host is called. */
public final class HostName {
  private static final Path OF_THE_KERNEL = Path.of("/proc/sys/kernel/hostname");

  private HostName() {}

  /** {@return the kernel's name of it, without a look-up that may wait for a server} */
  public static String get() {
    try {
      return Files.readString(OF_THE_KERNEL).trim();
    } catch (IOException notLinux) {
      return "an unknown host";
    }
  }
}
