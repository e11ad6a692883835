package dev.cairn.kernels;

import dev.cairn.device.Check;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Casts and unpacks through the library that nvcc made, and through no other. */
public final class NvccLibraryProgram {
  private NvccLibraryProgram() {}

  /** Takes no arguments. */
  public static void main(String[] arguments) throws Exception {
    DeviceKernelsProgram.main(arguments);
    try (Stream<String> mapped = Files.lines(Path.of("/proc/self/maps"))) {
      Check.equal(
          true,
          mapped
              .filter(line -> line.contains("libjnicairncuda.so"))
              .map(line -> line.contains("/linux-x86_64-gpu/"))
              .reduce(Boolean::logicalAnd)
              .orElse(false),
          "nvcc's library alone is loaded");
    }
    System.out.println("done");
  }
}
