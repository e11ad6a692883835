package dev.cairn.policy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * How models of one {@code model_type} differ from Llama in what they hold.
 *
 * @param blockNorms names of the norms of a layer, over the hidden width
 * @param headNorms whether queries and keys are normed, and over what
 * @param queryBias whether q, k and v have biases whatever the config says
 * @param readsBiases whether {@code attention_bias} and {@code mlp_bias} count
 * @param tiedByDefault what an absent {@code tie_word_embeddings} means
 * @param defaultHeadDim what an absent {@code head_dim} means; 0 for hidden size over heads
 */
record DecoderFamily(
    List<String> blockNorms,
    HeadNorms headNorms,
    boolean queryBias,
    boolean readsBiases,
    boolean tiedByDefault,
    long defaultHeadDim) {
  /** Over what queries and keys are normed. */
  enum HeadNorms {
    NONE,
    EACH_HEAD,
    ALL_HEADS
  }

  private static final String IN = "input_layernorm";
  private static final String AFTER_ATTENTION = "post_attention_layernorm";
  private static final String BEFORE_MLP = "pre_feedforward_layernorm";
  private static final String AFTER_MLP = "post_feedforward_layernorm";
  private static final List<String> TWO = List.of(IN, AFTER_ATTENTION);
  private static final List<String> AFTER = List.of(AFTER_ATTENTION, AFTER_MLP);
  private static final List<String> FOUR = List.of(IN, AFTER_ATTENTION, BEFORE_MLP, AFTER_MLP);

  private static final DecoderFamily LLAMA =
      new DecoderFamily(TWO, HeadNorms.NONE, false, true, false, 0);
  private static final DecoderFamily OLMO2 =
      new DecoderFamily(AFTER, HeadNorms.ALL_HEADS, false, true, false, 0);

  private static final Map<String, DecoderFamily> BY_TYPE =
      Map.ofEntries(
          Map.entry("llama", LLAMA),
          Map.entry("granite", LLAMA),
          Map.entry("smollm3", new DecoderFamily(TWO, HeadNorms.NONE, false, true, true, 0)),
          Map.entry("mistral", new DecoderFamily(TWO, HeadNorms.NONE, false, false, false, 0)),
          Map.entry("qwen2", new DecoderFamily(TWO, HeadNorms.NONE, true, false, false, 0)),
          Map.entry("qwen3", new DecoderFamily(TWO, HeadNorms.EACH_HEAD, false, true, false, 128)),
          Map.entry("olmo", new DecoderFamily(List.of(), HeadNorms.NONE, false, true, false, 0)),
          Map.entry("olmo2", OLMO2),
          Map.entry("olmo3", OLMO2),
          Map.entry("gemma", new DecoderFamily(TWO, HeadNorms.NONE, false, true, true, 256)),
          Map.entry("gemma2", new DecoderFamily(FOUR, HeadNorms.NONE, false, true, true, 256)),
          Map.entry(
              "gemma3_text", new DecoderFamily(FOUR, HeadNorms.EACH_HEAD, false, true, true, 256)));

  /** Returns what is known of a {@code model_type}. */
  static Optional<DecoderFamily> find(String modelType) {
    return Optional.ofNullable(BY_TYPE.get(modelType));
  }

  /** Returns every {@code model_type} that is known, sorted. */
  static Set<String> types() {
    return new TreeSet<>(BY_TYPE.keySet());
  }

  /** Returns whether the model has a norm after its last layer: all have but those without any. */
  boolean hasFinalNorm() {
    return !blockNorms.isEmpty();
  }
}
