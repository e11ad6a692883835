package dev.cairn.input;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Where links may lead, everywhere the same.
 *
 * <p>What is read, weights and checkpoint files and folders, may be a link to any regular file or
 * folder that the user can read. What is copied into an output may lead only inside the folder that
 * was named, or from a snapshot of the hub's cache to its blobs: else a link to a private key would
 * be published. Nothing is ever read from {@code /proc}, {@code /sys} and {@code /dev}, but for the
 * file system in memory at {@code /dev/shm}.
 */
public final class Links {
  private static final List<Path> SYSTEM =
      List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"));
  private static final Path MEMORY = Path.of("/dev/shm");

  private Links() {}

  /** Returns whether a real path is one of the system's, which are never read. */
  public static boolean isSystem(Path real) {
    return SYSTEM.stream().anyMatch(real::startsWith) && !real.startsWith(MEMORY);
  }

  /**
   * Checks that a path leads to a regular file, or a folder, of the user's.
   *
   * @throws CorruptFileException if it leads to the system's, or to a pipe, socket or device
   * @throws java.nio.file.NoSuchFileException if it leads nowhere
   */
  public static void requireReadable(Path path) throws IOException {
    Path real = path.toRealPath();
    if (isSystem(real)) {
      throw InputRefusal.SYSTEM.of(path, "target", real.toString());
    }
    if (!Files.isRegularFile(real) && !Files.isDirectory(real)) {
      throw InputRefusal.NOT_A_FILE.of(path);
    }
  }

  /**
   * Checks that a path leads to a regular file of the user's.
   *
   * @throws CorruptFileException if it leads to anything else
   * @throws java.nio.file.NoSuchFileException if it leads nowhere
   */
  public static void requireFile(Path path) throws IOException {
    requireReadable(path);
    if (!Files.isRegularFile(path)) {
      throw new CorruptFileException("not a regular file: file=" + path);
    }
  }

  /** Returns whether a text, which comes from a file, can be the name of something in a folder. */
  public static boolean isName(String text) {
    return canBeWritten(text)
        && !text.equals(".")
        && !text.equals("..")
        && text.indexOf('/') < 0
        && text.indexOf('\\') < 0
        && text.chars().noneMatch(Character::isISOControl);
  }

  /** A text may have characters that no file's name can, or none in this locale. */
  private static boolean canBeWritten(String text) {
    try {
      return !Path.of(text).toString().isEmpty();
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * Checks that a file, which exists, may be copied into an output.
   *
   * @param folder the one that the user has named
   * @throws CorruptFileException if a link leads out of it, or it is no regular file
   */
  public static void requireOwn(Path folder, Path file) throws IOException {
    requireReadable(file);
    Path real = file.toRealPath();
    if (!mayBeCopied(folder.toRealPath(), real)) {
      throw InputRefusal.OUTSIDE.of(file, "target", real.toString());
    }
  }

  /**
   * Returns whether a file, which exists, may be copied into an output.
   *
   * @param folder the one that the user has named
   */
  public static boolean isOwn(Path folder, Path file) throws IOException {
    return mayBeCopied(folder.toRealPath(), file.toRealPath());
  }

  /**
   * Returns whether a file may be copied into an output.
   *
   * @param root real path of the folder that was named
   * @param real real path of the file
   */
  static boolean mayBeCopied(Path root, Path real) {
    return !isSystem(real) && (real.startsWith(root) || isInCache(root, real));
  }

  /** The hub's cache keeps {@code snapshots/<commit>/<name>} as links to {@code blobs/<hash>}. */
  private static boolean isInCache(Path root, Path real) {
    for (Path snapshot = root; snapshot != null; snapshot = snapshot.getParent()) {
      Path snapshots = snapshot.getParent();
      if (snapshots != null && snapshots.endsWith("snapshots") && snapshots.getParent() != null) {
        return real.startsWith(snapshots.resolveSibling("blobs"));
      }
    }
    return false;
  }
}
