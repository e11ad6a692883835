package dev.cairn.hf;

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

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
