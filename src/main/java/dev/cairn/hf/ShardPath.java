package dev.cairn.hf;

import dev.cairn.input.Links;
import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Where a shard that an index names really lies: anywhere that the user can read. */
final class ShardPath {
  private ShardPath() {}

  /** Returns what is wrong with the shard's place, if anything. */
  static Optional<String> problem(Disk disk, Path root, String shard) throws IOException {
    Path path = root.resolve(shard);
    if (!disk.find(path).map(PathState::isFile).orElse(false)) {
      return Optional.of("shard is missing: the index names it");
    }
    Path real = disk.realPath(path);
    return Links.isSystem(real)
        ? Optional.of("shard leads to what is never read: target=" + real)
        : Optional.empty();
  }
}
