package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The library that changes what system calls do, {@code faults/calls.cpp}. */
public final class FaultLibrary {
  private FaultLibrary() {}

  /** Compiles it into a folder; returns the file to preload. */
  public static Path build(Path folder) throws Exception {
    Path source = folder.resolve("calls.cpp");
    try (InputStream text = FaultLibrary.class.getResourceAsStream("/faults/calls.cpp")) {
      Files.copy(text, source);
    }
    Path library = folder.resolve("calls.so");
    Process compiler =
        new ProcessBuilder(
                "g++", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl")
            .inheritIO()
            .start();
    assertEquals(0, compiler.waitFor());
    return library;
  }
}
