package dev.cairn.deepspeed.saved;

import dev.cairn.input.FoundInput;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * The folder of one save inside a checkpoint folder. Both, and the files in them, may be links to
 * wherever the user can read.
 *
 * @param path the folder that holds the {@code .pt} files
 * @param tag name of the save, such as {@code global_step3}
 */
public record TagFolder(Path path, String tag) {
  private static final int MAX_LATEST_BYTES = 4096;

  /** What {@code save_checkpoint} writes, and {@code ds_to_universal}. */
  private static final List<String> LATEST = List.of("latest", "latest_universal");

  /**
   * Finds the folder of one save.
   *
   * @param checkpoint the folder that {@code save_checkpoint} was given, or one save's own folder
   * @param tag the save's name, or null for the one that {@code latest} names
   */
  public static TagFolder find(Path checkpoint, String tag) throws IOException {
    if (!Files.exists(checkpoint)) {
      throw new NoSuchFileException(checkpoint.toString());
    }
    String name = tag == null ? latest(checkpoint) : tag;
    if (name == null) {
      return new TagFolder(checkpoint, String.valueOf(checkpoint.toRealPath().getFileName()));
    }
    checkName(name, checkpoint);
    Path path = checkpoint.resolve(name);
    if (!Files.isDirectory(path)) {
      throw InputRefusal.NO_TAG.of(
          checkpoint, "tag", Printable.of(name), "names", FoundInput.saves(checkpoint));
    }
    Links.requireReadable(path);
    return new TagFolder(path, name);
  }

  private static String latest(Path checkpoint) throws IOException {
    for (String name : LATEST) {
      Path file = checkpoint.resolve(name);
      if (Files.exists(file)) {
        return readLatest(file);
      }
    }
    return null;
  }

  private static String readLatest(Path latest) throws IOException {
    Links.requireFile(latest);
    try (InputStream stream = Files.newInputStream(latest)) {
      byte[] bytes = stream.readNBytes(MAX_LATEST_BYTES + 1);
      if (bytes.length > MAX_LATEST_BYTES) {
        throw new CorruptFileException(
            "file latest too long: expected at most "
                + MAX_LATEST_BYTES
                + " bytes, file="
                + latest);
      }
      String name = new String(bytes, StandardCharsets.UTF_8).strip();
      if (name.isEmpty()) {
        throw new CorruptFileException(
            "the file that names the newest save is empty: file="
                + latest
                + "; name the save's own folder, or choose it with --tag");
      }
      return name;
    }
  }

  private static void checkName(String name, Path checkpoint) throws CorruptFileException {
    if (!Links.isName(name)) {
      throw new CorruptFileException(
          "tag leads out of the checkpoint folder: tag="
              + Printable.of(name)
              + ", expected the name of one folder in "
              + checkpoint);
    }
  }
}
