package dev.cairn.deepspeed;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The folder of one save inside a checkpoint folder.
 *
 * @param path the folder that holds the {@code .pt} files
 * @param root real path of the checkpoint folder; no link may lead out of it
 * @param tag name of the save, such as {@code global_step3}
 */
record TagFolder(Path path, Path root, String tag) {
  private static final int MAX_LATEST_BYTES = 4096;
  private static final String STATES_SUFFIX = "_states.pt";

  /**
   * Finds the folder of one save.
   *
   * @param checkpoint the folder that {@code save_checkpoint} was given, or one save's own folder
   * @param tag the save's name, or null for the one that {@code latest} names
   */
  static TagFolder find(Path checkpoint, String tag) throws IOException {
    if (!Files.exists(checkpoint)) {
      throw new NoSuchFileException(checkpoint.toString());
    }
    if (!Files.isDirectory(checkpoint)) {
      throw new CorruptFileException("not a DeepSpeed checkpoint folder: path=" + checkpoint);
    }
    Path root = checkpoint.toRealPath();
    Path latest = checkpoint.resolve("latest");
    if (tag == null && !Files.exists(latest)) {
      if (holdsStates(checkpoint)) {
        return new TagFolder(checkpoint, root, String.valueOf(root.getFileName()));
      }
      throw new CorruptFileException(
          "not a DeepSpeed checkpoint folder: it has no file named latest, path="
              + checkpoint
              + "; name the save with --tag");
    }
    String name = tag == null ? readLatest(latest, root) : tag;
    checkName(name, checkpoint);
    Path path = checkpoint.resolve(name);
    if (!Files.isDirectory(path)) {
      throw new CorruptFileException(
          "folder of the save is missing: tag="
              + Printable.of(name)
              + ", expected a folder of that name in "
              + checkpoint);
    }
    requireInside(path, root);
    return new TagFolder(path, root, name);
  }

  private static String readLatest(Path latest, Path root) throws IOException {
    requireInside(latest, root);
    if (!Files.isRegularFile(latest)) {
      throw new CorruptFileException("not a regular file: file=" + latest);
    }
    try (InputStream stream = Files.newInputStream(latest)) {
      byte[] bytes = stream.readNBytes(MAX_LATEST_BYTES + 1);
      if (bytes.length > MAX_LATEST_BYTES) {
        throw new CorruptFileException(
            "file latest too long: expected at most "
                + MAX_LATEST_BYTES
                + " bytes, file="
                + latest);
      }
      return new String(bytes, StandardCharsets.UTF_8).strip();
    }
  }

  private static void checkName(String name, Path checkpoint) throws CorruptFileException {
    boolean odd =
        name.isEmpty()
            || name.equals(".")
            || name.equals("..")
            || name.indexOf('/') >= 0
            || name.indexOf('\\') >= 0
            || name.chars().anyMatch(Character::isISOControl);
    if (odd) {
      throw new CorruptFileException(
          "tag leads out of the checkpoint folder: tag="
              + Printable.of(name)
              + ", expected the name of one folder in "
              + checkpoint);
    }
  }

  private static boolean holdsStates(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + STATES_SUFFIX)) {
      return files.iterator().hasNext();
    }
  }

  /**
   * Checks that {@code path}, links followed, lies in the checkpoint folder.
   *
   * @throws CorruptFileException if a symbolic link leads out of it
   */
  private static void requireInside(Path path, Path root) throws IOException {
    if (!path.toRealPath().startsWith(root)) {
      throw new CorruptFileException(
          "symbolic link leads out of the checkpoint folder: path="
              + path
              + ", target="
              + path.toRealPath()
              + ", expected inside "
              + root);
    }
  }

  /** Checks that a file of this folder is a regular one inside the checkpoint folder. */
  void requireOwnFile(Path file) throws IOException {
    requireInside(file, root);
    if (!Files.isRegularFile(file)) {
      throw new CorruptFileException("not a regular file: file=" + file);
    }
  }
}
