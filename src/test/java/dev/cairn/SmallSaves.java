package dev.cairn;

import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Saves of small models on ranks of this JVM. */
final class SmallSaves {
  private SmallSaves() {}

  static SaveOptions.Builder small() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .stagingBuffers(3)
        .stagingBufferBytes(4096);
  }

  static List<Group.Result<SaveReport>> save(
      int worldSize, SaveOptions options, ReferenceModel model, Path target) throws Exception {
    return Group.run(
        worldSize,
        communicator -> {
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
            return checkpointer.save(
                target, model.on(communicator.rank(), worldSize), ModelFiles.none());
          }
        });
  }

  static List<String> names(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
