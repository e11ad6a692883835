package dev.cairn.peft;

import dev.cairn.tensor.DType;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which adapter to save, and how. The same on every rank.
 *
 * @param adapterName which of the model's adapters; one not called {@code default} goes into a
 *     subfolder of that name
 * @param dtype what floating tensors are cast to; empty keeps each as held
 * @param saveEmbeddings whether the base weights of the embeddings are saved too
 * @param baseVocabSize the vocabulary of the base model, to find out whether it was resized; empty
 *     takes it as unchanged
 */
public record AdapterOptions(
    String adapterName,
    Optional<DType> dtype,
    SaveEmbeddings saveEmbeddings,
    OptionalLong baseVocabSize) {
  /** The name of the adapter whose folder is not a subfolder. */
  public static final String DEFAULT_NAME = "default";

  /**
   * Checks the options.
   *
   * @param adapterName as it stands in the parameters' names
   * @param dtype BF16, F16 or F32, or empty
   * @param saveEmbeddings not null
   * @param baseVocabSize rows of the base model's embedding, or empty
   * @throws IllegalArgumentException if the name is empty, or has a dot or a slash
   */
  public AdapterOptions {
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(saveEmbeddings, "saveEmbeddings");
    Objects.requireNonNull(baseVocabSize, "baseVocabSize");
    if (adapterName.isEmpty() || adapterName.matches("(?s).*[./\\x00].*")) {
      throw new IllegalArgumentException(
          "bad adapter name: adapter=\"%s\", expected a name without dots and slashes"
              .formatted(adapterName));
    }
  }

  /** {@return the adapter {@code default}, dtypes kept, embeddings as PEFT decides} */
  public static AdapterOptions defaults() {
    return of(DEFAULT_NAME);
  }

  /**
   * {@return another adapter, dtypes kept, embeddings as PEFT decides}
   *
   * @param adapterName as it stands in the parameters' names
   */
  public static AdapterOptions of(String adapterName) {
    return new AdapterOptions(
        adapterName, Optional.empty(), SaveEmbeddings.AUTO, OptionalLong.empty());
  }

  /**
   * {@return these options with a cast}
   *
   * @param saved BF16, F16 or F32
   */
  public AdapterOptions withDtype(DType saved) {
    return new AdapterOptions(adapterName, Optional.of(saved), saveEmbeddings, baseVocabSize);
  }

  /**
   * {@return these options with another rule for embeddings}
   *
   * @param rule whether their base weights are saved
   */
  public AdapterOptions withSaveEmbeddings(SaveEmbeddings rule) {
    return new AdapterOptions(adapterName, dtype, rule, baseVocabSize);
  }

  /**
   * {@return these options knowing the vocabulary that the base model had}
   *
   * @param tokens rows of its embedding
   */
  public AdapterOptions withBaseVocabSize(long tokens) {
    return new AdapterOptions(adapterName, dtype, saveEmbeddings, OptionalLong.of(tokens));
  }
}
