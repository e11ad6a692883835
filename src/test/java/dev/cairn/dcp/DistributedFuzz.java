package dev.cairn.dcp;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.StoragesFuzz;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What Jazzer drives with {@code .metadata} files; the ranks' files beside them are sound. What is
 * opened is read too, with its checksums and replicas.
 */
public final class DistributedFuzz {
  private static final Path FOLDER = folder();

  private DistributedFuzz() {}

  private static Path folder() {
    try {
      Path folder = Files.createTempDirectory("fuzz");
      for (int rank = 0; rank < 4; rank++) {
        String name = "__" + rank + "_0.distcp";
        try (InputStream stream =
            DistributedFuzz.class.getResourceAsStream("/dcp/tp2_fsdp2/" + name)) {
          Files.copy(stream, folder.resolve(name));
        }
      }
      return folder;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Files.write(FOLDER.resolve(DistributedCheckpoint.METADATA), input);
    try (DistributedParameterSet set =
        new DistributedParameterSet(DistributedCheckpoint.open(FOLDER), Optional.empty())) {
      StoragesFuzz.read(set.parameters());
    } catch (CorruptFileException | IllegalArgumentException e) {
      if (e.getMessage().indexOf('\n') >= 0) {
        throw new IllegalStateException("message of several lines", e);
      }
    }
  }
}
