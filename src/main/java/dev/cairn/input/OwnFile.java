package dev.cairn.input;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A config of a model folder: the folder's own, not whatever a link in it leads to. */
public final class OwnFile {
  private static final int MAX_CONFIG_BYTES = 64 << 20;

  private OwnFile() {}

  /** Returns the bytes of a config in a folder. */
  public static byte[] readConfig(Path folder, Path file) throws IOException {
    Links.requireOwn(folder, file);
    try (InputStream stream = Files.newInputStream(file)) {
      byte[] bytes = stream.readNBytes(MAX_CONFIG_BYTES + 1);
      if (bytes.length > MAX_CONFIG_BYTES) {
        throw new CorruptFileException(
            "config too long: expected at most " + MAX_CONFIG_BYTES + " bytes, file=" + file);
      }
      return bytes;
    }
  }
}
