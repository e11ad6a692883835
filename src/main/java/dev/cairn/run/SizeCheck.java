package dev.cairn.run;

import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import dev.cairn.ranks.Outcome;
import dev.cairn.safetensors.Manifest;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares the lengths of a checkpoint's files with its manifest. As this is done after every save,
 * it opens no file but the manifest.
 */
public final class SizeCheck {
  private SizeCheck() {}

  /** Returns what is wrong, a line each; empty also if there is no manifest to compare with. */
  public static List<String> problems(Disk disk, Path checkpoint) {
    Path file = checkpoint.resolve(Manifest.FILE_NAME);
    List<String> problems = new ArrayList<>();
    try {
      if (disk.find(file).isEmpty()) {
        return problems;
      }
      for (Manifest.FileRecord record :
          Manifest.parse(disk.readAll(file), file.toString()).files()) {
        Path listed = checkpoint.resolve(record.name());
        long lengthBytes =
            disk.find(listed).filter(PathState::isFile).map(PathState::lengthBytes).orElse(-1L);
        if (lengthBytes != record.lengthBytes()) {
          problems.add(
              "wrong length: lengthBytes=%d, expected %d, file=%s"
                  .formatted(lengthBytes, record.lengthBytes(), record.name()));
        }
      }
    } catch (CorruptFileException e) {
      problems.add(e.getMessage());
    } catch (IOException e) {
      problems.add(Outcome.reason(e));
    }
    return problems;
  }
}
