package dev.cairn.torchfile;

import dev.cairn.deepspeed.ArchiveFuzz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Jazzer drives with pickles; each lies in a sound archive that has a few storages. */
public final class PickleFuzz {
  private static final int STORAGES = 8;
  private static final int STORAGE_BYTES = 256;
  private static final Path FILE = file();

  private PickleFuzz() {}

  private static Path file() {
    try {
      return Files.createTempDirectory("fuzz").resolve("pickle.pt");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    try (PtFileWriter writer = new PtFileWriter(FILE, input)) {
      for (int key = 0; key < STORAGES; key++) {
        writer.storage(Integer.toString(key), STORAGE_BYTES, null);
      }
    }
    ArchiveFuzz.readAll(FILE);
  }
}
