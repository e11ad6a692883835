package dev.cairn.simulation.world;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.SplittableRandom;

/** All files of the simulated world, in memory. */
final class Storage {
  private final boolean canExchange;
  private final FolderNode root;

  /**
   * Creates an empty one.
   *
   * @param canExchange whether its file system can swap two entries in one step
   */
  Storage(boolean canExchange, Instant now) {
    this.canExchange = canExchange;
    this.root = new FolderNode(now);
  }

  boolean canExchange() {
    return canExchange;
  }

  Optional<Node> find(Path path) {
    Node node = root;
    for (Path name : path.toAbsolutePath().normalize()) {
      if (!(node instanceof FolderNode folder)) {
        return Optional.empty();
      }
      node = folder.entries().get(name.toString());
      if (node == null) {
        return Optional.empty();
      }
    }
    return Optional.of(node);
  }

  Optional<FolderNode> findFolder(Path path) {
    return find(path).filter(FolderNode.class::isInstance).map(FolderNode.class::cast);
  }

  Optional<FileNode> findFile(Path path) {
    return find(path).filter(FileNode.class::isInstance).map(FileNode.class::cast);
  }

  /** The power fails: what was not forced is lost, or in part. */
  void cutPower(Node.Loss loss, SplittableRandom random) {
    root.cutPower(loss, random);
  }
}
