package dev.cairn.form.check;

import dev.cairn.safetensors.TensorInfo;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds embeddings of a vocabulary that a config does not have: loaders refuse them. Some models
 * have a few rows more than their vocabulary, but then not in their output as well.
 */
public final class ResizedVocabulary {
  private static final List<String> EMBEDDINGS =
      List.of("embed_tokens.weight", "wte.weight", "word_embeddings.weight");
  private static final List<String> OUTPUTS = List.of("lm_head.weight", "embed_out.weight");

  private ResizedVocabulary() {}

  /**
   * {@return how the embeddings contradict the config; empty if they do not, or there are none}
   *
   * @param tensors of a whole model, its head included
   * @param vocabularies all sizes of vocabularies that its config says
   */
  public static Optional<String> find(Collection<TensorInfo> tensors, Set<Long> vocabularies) {
    List<TensorInfo> embeddings = tensors.stream().filter(one -> isOf(EMBEDDINGS, one)).toList();
    boolean isContradiction =
        !vocabularies.isEmpty()
            && !embeddings.isEmpty()
            && tensors.stream()
                .filter(one -> isOf(EMBEDDINGS, one) || isOf(OUTPUTS, one))
                .noneMatch(one -> vocabularies.contains(one.shape().dimension(0)));
    return isContradiction
        ? Optional.of(
            "the embedding contradicts the config: tensor=%s, shape=%s, vocab_size=%s; the"
                    .formatted(
                        embeddings.get(0).name(),
                        embeddings.get(0).shape(),
                        vocabularies.iterator().next())
                + " vocabulary was resized: give the config of the resized model")
        : Optional.empty();
  }

  private static boolean isOf(List<String> ends, TensorInfo tensor) {
    return tensor.shape().dimensions() == 2 && ends.stream().anyMatch(tensor.name()::endsWith);
  }
}
