package dev.cairn.io;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Which machine this is. */
public final class Host {
  private Host() {}

  /**
   * {@return a text that is equal for processes that see each other's process ids: the host's name
   * and, on Linux, the process id namespace (two containers of one machine differ in it)}
   *
   * @throws IOException if neither the kernel nor the resolver knows the host's name
   */
  public static String processScope() throws IOException {
    Path namespace = Path.of("/proc/self/ns/pid");
    String name = firstLine(Path.of("/proc/sys/kernel/hostname")).orElse("");
    if (name.isEmpty()) {
      name = InetAddress.getLocalHost().getHostName();
    }
    return Files.exists(namespace) ? name + "/" + Files.readSymbolicLink(namespace) : name;
  }

  /**
   * {@return the random id that the kernel drew when it booted: equal for all processes of one
   * machine, containers included; empty where there is none}
   *
   * @throws IOException if there is one that cannot be read
   */
  public static Optional<String> bootId() throws IOException {
    return firstLine(Path.of("/proc/sys/kernel/random/boot_id"));
  }

  private static Optional<String> firstLine(Path file) throws IOException {
    return Files.isReadable(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
  }
}
