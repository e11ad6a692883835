package dev.cairn.torchfile;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * The name under which {@code torch.save} wrote a file: the folder in its archive.
 *
 * <p>Of the files that ranks of a checkpoint write, and the layers of a pipeline, nothing but the
 * name says whose part of the weights they have. A copy under another rank's name fits in every
 * other way, and would make a model of wrong weights.
 */
final class SavedName {
  private static final String RANKS_FILE = "_states";
  private static final Pattern NUMBER = Pattern.compile("\\d+");
  private static final Pattern PREFIX = Pattern.compile("^(bf16|fp16)_");

  private SavedName() {}

  /**
   * Refuses a rank's or layer's file under the name of another one.
   *
   * @param saved the folder in its archive, without a slash
   */
  static void requireOwn(String saved, Path file) throws CorruptFileException {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    String own = PREFIX.matcher(dot < 0 ? name : name.substring(0, dot)).replaceFirst("");
    String other = PREFIX.matcher(saved).replaceFirst("");
    if (saved.endsWith(RANKS_FILE) && !other.equals(own) && kind(other).equals(kind(own))) {
      throw new CorruptFileException(
          "file was saved under another name: name="
              + Printable.of(saved)
              + ", file="
              + file
              + "; only the name says which part of the weights is in it: copy it again under its own");
    }
  }

  private static String kind(String name) {
    return NUMBER.matcher(name).replaceAll("N");
  }
}
