package dev.cairn.hf;

import dev.cairn.model.ParameterSet;
import java.util.List;
import java.util.Map;
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
      List.of("shared.weight", "embed_tokens.weight", "wte.weight", "word_embeddings.weight");

  /** Returns the tied names of a model; empty if its config does not tie or no name fits. */
  static Optional<TiedNames> of(Optional<ModelConfig> config, Set<String> tensorNames) {
    boolean ties = config.map(ModelConfig::tiesWordEmbeddings).orElse(false);
    return ties ? find(tensorNames) : Optional.empty();
  }

  /**
   * {@return the output projection and the input embedding among some names, whether they are tied
   * or not; empty if there is no input embedding}
   *
   * @param tensorNames all names of the model
   */
  public static Optional<TiedNames> find(Set<String> tensorNames) {
    Optional<String> stored = first(ALIAS, tensorNames);
    return EMBEDDINGS.stream()
        .flatMap(ending -> first(ending, tensorNames).stream())
        .findFirst()
        .map(canonical -> new TiedNames(stored.orElse(ALIAS), canonical, stored.isPresent()));
  }

  /**
   * {@return a set whose word embeddings are declared tied, if they share their memory} Other
   * shared parameters are written under every name: a config says nothing of them, and a missing
   * one is left random.
   *
   * @param set of a whole model
   * @param owners by name the name of the parameter whose memory it is, its own for most
   */
  public static ParameterSet declared(ParameterSet set, Map<String, String> owners) {
    return find(owners.keySet())
        .filter(TiedNames::aliasIsStored)
        .filter(names -> owners.get(names.alias()).equals(owners.get(names.canonical())))
        .map(names -> set.withTied(names.alias(), names.canonical()))
        .orElse(set);
  }

  private static Optional<String> first(String ending, Set<String> names) {
    return names.stream()
        .filter(name -> name.equals(ending) || name.endsWith("." + ending))
        .min(String::compareTo);
  }
}
