package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Where a shard that an index names really lies: it must not lead out of the folder. */
final class ShardPath {
  private ShardPath() {}

  /** Returns what is wrong with the shard's place, if anything. */
  static Optional<String> problem(Disk disk, Path root, String shard) throws IOException {
    Path path = root.resolve(shard);
    if (!disk.find(path).map(PathState::isFile).orElse(false)) {
      return Optional.of("shard is missing: the index names it");
    }
    Path real = disk.realPath(path);
    if (real.startsWith(disk.realPath(root)) || isInCache(disk.realPath(root), real)) {
      return Optional.empty();
    }
    return Optional.of("shard leads out of its folder: target=" + real);
  }

  /**
   * The download cache keeps {@code snapshots/<commit>/<name>} as links to {@code blobs/<hash>}.
   */
  private static boolean isInCache(Path root, Path real) {
    Path snapshots = root.getParent();
    return snapshots != null
        && snapshots.getParent() != null
        && snapshots.endsWith("snapshots")
        && real.startsWith(snapshots.resolveSibling("blobs"));
  }
}
