package dev.cairn.hf.generation;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What is done with a base model's generation config. Many that people publish, Llama 2's chat
 * models' for example, contradict themselves: transformers loads them, but would refuse to save
 * them.
 */
public enum GenerationConfigCopy {
  /** It is copied as it is, with a warning if transformers would refuse to save it. */
  COPY,
  /** It is an error if transformers would refuse to save it. */
  REFUSE,
  /** It is left out. */
  SKIP;

  private static final Logger LOG = System.getLogger(GenerationConfigCopy.class.getName());

  /**
   * {@return whether a folder's generation config is copied}
   *
   * @param folder of a base model
   * @throws IOException if it cannot be read
   * @throws IllegalArgumentException if transformers would refuse to save it, and so is it here
   */
  public boolean takes(Path folder) throws IOException {
    try {
      return this != SKIP && GenerationConfig.find(folder).isPresent();
    } catch (IllegalArgumentException e) {
      if (this == REFUSE) {
        throw e;
      }
      LOG.log(Level.WARNING, "copied as it is: {0}", e.getMessage());
      return true;
    }
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
