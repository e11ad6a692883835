package dev.cairn.deepspeed;

import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.OptimizerStates;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Jazzer drives with whole {@code .pt} files: each is read, or refused as corrupt. */
public final class ArchiveFuzz {
  private static final Path FILE = file();

  private ArchiveFuzz() {}

  private static Path file() {
    try {
      return Files.createTempDirectory("fuzz").resolve("archive.pt");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Files.write(FILE, input);
    readAll(FILE);
  }

  /** Reads a file as each kind that there is. */
  public static void readAll(Path file) throws IOException {
    try {
      ModelStates.read(file, true);
    } catch (CorruptFileException e) {
      requireOneLine(e);
    }
    try {
      StateDict.read(file);
    } catch (CorruptFileException e) {
      requireOneLine(e);
    }
    try {
      OptimizerStates.read(file).worldSize();
    } catch (CorruptFileException e) {
      requireOneLine(e);
    }
  }

  private static void requireOneLine(CorruptFileException refusal) {
    if (refusal.getMessage().indexOf('\n') >= 0) {
      throw new IllegalStateException("message of several lines", refusal);
    }
  }
}
