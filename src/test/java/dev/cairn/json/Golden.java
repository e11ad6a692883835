package dev.cairn.json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the files that the Python reference libraries made; the README beside them says how. */
public final class Golden {
  private static final Path FOLDER = Path.of("src/test/resources/golden").toAbsolutePath();

  private Golden() {}

  public static Path path(String relativePath) {
    return FOLDER.resolve(relativePath);
  }

  public static byte[] bytes(String relativePath) {
    try {
      return Files.readAllBytes(path(relativePath));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
