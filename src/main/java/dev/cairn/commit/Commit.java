package dev.cairn.commit;

import dev.cairn.io.Disk;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The renames that make a folder visible, and those that take that back if one fails.
 *
 * <p>After a failure it looks at the disk to see what has been done: a rename may have been done
 * and reported as failed, as over NFS when the answer is lost.
 */
final class Commit {
  private final Disk disk;
  private final HiddenFolder hidden;
  private final Path folder;
  private final Path target;
  private boolean replaces;
  private boolean isTakenBack;

  Commit(Disk disk, HiddenFolder hidden) {
    this.disk = disk;
    this.hidden = hidden;
    this.folder = hidden.path();
    this.target = hidden.target();
  }

  /**
   * Makes the folder visible.
   *
   * @param overwrite whether it may take the place of another
   * @param durable whether its name survives a power cut then
   * @return where the folder lies whose place it has taken
   * @throws IOException if it could not; what was at the target is there again, or the message says
   *     what lies where
   */
  Optional<Path> run(boolean overwrite, boolean durable) throws IOException {
    try {
      Optional<Path> replaced = Optional.empty();
      if (overwrite && disk.existsHere(target)) {
        replaced = Optional.of(replace(durable));
      } else {
        disk.rename(folder, target);
      }
      if (durable) {
        disk.forceFolder(target.getParent());
      }
      return replaced;
    } catch (IOException | RuntimeException e) {
      takeBack(e);
      throw e;
    }
  }

  /**
   * Gives a folder an owner before it gets a hidden name: without one nobody would ever remove it.
   */
  private Path replace(boolean durable) throws IOException {
    replaces = true;
    hidden.oldOwner().write(disk, target);
    if (disk.exchange(folder, target)) {
      return folder;
    }
    if (durable) {
      FolderOwner.force(disk, target);
    }
    disk.rename(target, hidden.oldPath());
    disk.rename(folder, target);
    return hidden.oldPath();
  }

  /** Returns whether, after a failure, the new folder alone is under the temporary name. */
  boolean isTakenBack() {
    return isTakenBack;
  }

  private void takeBack(Exception failure) throws IOException {
    try {
      if (isNew(target)) {
        moveBack();
      }
      if (!disk.existsHere(target) && disk.existsHere(hidden.oldPath())) {
        disk.rename(hidden.oldPath(), target);
      }
      if (replaces && disk.existsHere(target)) {
        FolderOwner.remove(disk, target);
      }
      isTakenBack = isNew(folder);
    } catch (IOException | RuntimeException e) {
      IOException both =
          new IOException(
              "%s; what had been done was not taken back: %s; nothing is deleted: %s, %s, %s"
                  .formatted(
                      text(failure),
                      text(e),
                      content(target),
                      content(folder),
                      content(hidden.oldPath())),
              failure);
      both.addSuppressed(e);
      throw both;
    }
  }

  private void moveBack() throws IOException {
    if (!disk.existsHere(folder)) {
      disk.rename(target, folder);
    } else if (!disk.exchange(folder, target)) {
      throw new IOException("folders cannot be exchanged any more: " + folder + ", " + target);
    }
  }

  private boolean isNew(Path path) throws IOException {
    return disk.existsHere(path) && FolderOwner.of(disk, path).equals(Optional.of(hidden.owner()));
  }

  /** Returns what lies at a path, for a message. */
  private String content(Path path) {
    try {
      if (!disk.existsHere(path)) {
        return "nothing at " + path;
      }
      return (isNew(path) ? "the new folder at " : "the old folder at ") + path;
    } catch (IOException | RuntimeException e) {
      return "unknown at " + path;
    }
  }

  private static String text(Exception failure) {
    if (failure instanceof FileSystemException file && file.getReason() == null) {
      return failure.toString(); // whose message is only a path
    }
    return failure.getMessage();
  }
}
