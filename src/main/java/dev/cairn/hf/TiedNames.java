package dev.cairn.hf;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An output projection that shares the input embedding's memory, as the config says.
 *
 * @param alias the name that a save drops
 * @param canonical the name that stays
 * @param aliasIsStored whether the folder holds the alias too
 */
public record TiedNames(String alias, String canonical, boolean aliasIsStored) {
  private static final String ALIAS = "lm_head.weight";
  private static final List<String> EMBEDDINGS =
      List.of("embed_tokens.weight", "wte.weight", "word_embeddings.weight");

  /** Returns the tied names of a model; empty if its config does not tie or no name fits. */
  static Optional<TiedNames> of(Optional<ModelConfig> config, Set<String> tensorNames) {
    if (config.isEmpty() || !config.get().tiesWordEmbeddings()) {
      return Optional.empty();
    }
    for (String ending : EMBEDDINGS) {
      Optional<String> canonical =
          tensorNames.stream()
              .filter(name -> name.equals(ending) || name.endsWith("." + ending))
              .min(String::compareTo);
      if (canonical.isPresent()) {
        return Optional.of(new TiedNames(ALIAS, canonical.get(), tensorNames.contains(ALIAS)));
      }
    }
    return Optional.empty();
  }
}
