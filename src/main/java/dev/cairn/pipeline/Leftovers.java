package dev.cairn.pipeline;

import dev.cairn.io.Disk;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What saves that died have left beside a target, all of it under names that start with a dot. */
final class Leftovers {
  private static final Logger LOG = System.getLogger(Leftovers.class.getName());

  private Leftovers() {}

  static String temporaryName(Path target, String id) {
    return "." + target.getFileName() + ".tmp-" + id;
  }

  static String oldName(Path target, String id) {
    return "." + target.getFileName() + ".old-" + id;
  }

  /**
   * Finishes or undoes interrupted replacements of the target, and deletes temporary folders that
   * nobody works in any more. Folders of living owners stay.
   */
  static void sweep(Disk disk, Path target) throws IOException {
    for (Path old : siblings(target, oldName(target, ""))) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        disk.deleteTree(old);
      } else {
        LOG.log(Level.INFO, "an interrupted replacement is undone: {0} -> {1}", old, target);
        disk.rename(old, target);
      }
    }
    for (Path folder : siblings(target, temporaryName(target, ""))) {
      if (Owner.isAbandoned(folder)) {
        LOG.log(Level.INFO, "an abandoned temporary folder is removed: {0}", folder);
        disk.deleteTree(folder);
      }
    }
  }

  private static List<Path> siblings(Path target, String prefix) throws IOException {
    List<Path> found = new ArrayList<>();
    DirectoryStream.Filter<Path> startsWithPrefix =
        path -> path.getFileName().toString().startsWith(prefix);
    try (DirectoryStream<Path> paths =
        Files.newDirectoryStream(target.getParent(), startsWithPrefix)) {
      paths.forEach(found::add);
    }
    return found;
  }
}
