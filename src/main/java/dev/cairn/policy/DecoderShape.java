package dev.cairn.policy;

import dev.cairn.json.JsonNumber;
import dev.cairn.policy.DecoderFamily.HeadNorms;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The parameters of a Llama-like decoder as they follow from its {@code config.json}.
 *
 * <p>With hidden size H, intermediate size I, vocabulary V, a attention heads and k key-value heads
 * of width d there are V·H (embeddings) + V·H (output, unless tied) + H (last norm) and per layer
 * 2·H·a·d (q, o) + 2·H·k·d (k, v) + 3·H·I (gate, up, down) + 2·H (norms); more norms and biases
 * where the {@code model_type} has them. Pure; any thread.
 */
public final class DecoderShape {
  private static final long MAX_LAYERS = 10_000;

  private final DecoderFamily family;
  private final Map<String, Object> config;
  private final String where;
  private final long hidden;
  private final long intermediate;
  private final long layers;
  private final long vocabulary;
  private final long queryWidth;
  private final long keyWidth;
  private final long headDim;

  private DecoderShape(DecoderFamily family, Map<String, Object> config, String where)
      throws CorruptFileException {
    this.family = family;
    this.config = config;
    this.where = where;
    hidden = require("hidden_size");
    intermediate = require("intermediate_size");
    layers = require("num_hidden_layers");
    vocabulary = require("vocab_size");
    long heads = require("num_attention_heads");
    long keyHeads =
        config.get("num_key_value_heads") == null ? heads : require("num_key_value_heads");
    headDim = headDim(heads);
    queryWidth = product(heads);
    keyWidth = product(keyHeads);
    if (layers > MAX_LAYERS) {
      throw wrong("num_hidden_layers", layers, "at most " + MAX_LAYERS);
    }
  }

  /**
   * {@return the shape that a config describes}
   *
   * @param config the tree of {@code config.json}
   * @param where the file, for messages
   * @throws IllegalArgumentException if its {@code model_type} is none that this class knows
   * @throws CorruptFileException if a value is missing or makes no sense
   */
  public static DecoderShape of(Map<String, Object> config, String where)
      throws CorruptFileException {
    String type = String.valueOf(config.get("model_type"));
    DecoderFamily family =
        DecoderFamily.find(type)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "parameters do not follow from the config: model_type=%s, expected one of %s, file=%s; give a folder with safetensors files"
                            .formatted(type, String.join(" ", DecoderFamily.types()), where)));
    return new DecoderShape(family, config, where);
  }

  private long headDim(long heads) throws CorruptFileException {
    if (config.get("head_dim") != null) {
      return require("head_dim");
    }
    if (family.defaultHeadDim() > 0) {
      return family.defaultHeadDim();
    }
    if (hidden % heads != 0) {
      throw wrong("hidden_size", hidden, "a multiple of num_attention_heads=" + heads);
    }
    return hidden / heads;
  }

  private long product(long heads) throws CorruptFileException {
    if (heads > Integer.MAX_VALUE / headDim) {
      throw wrong("num_attention_heads", heads, "fewer with head_dim=" + headDim);
    }
    return heads * headDim;
  }

  private long require(String key) throws CorruptFileException {
    Object value = config.get(key);
    try {
      long number = ((JsonNumber) value).longValue();
      if (number >= 1 && number <= Integer.MAX_VALUE) {
        return number;
      }
    } catch (ClassCastException | NullPointerException | NumberFormatException e) {
      throw wrong(key, value, "a whole number from 1 to 2147483647");
    }
    throw wrong(key, value, "a whole number from 1 to 2147483647");
  }

  private CorruptFileException wrong(String key, Object value, String expected) {
    return new CorruptFileException(
        "config value out of range: %s=%s, expected %s, file=%s"
            .formatted(key, value, expected, where));
  }

  private boolean isSet(String key, boolean whenAbsent) {
    return config.get(key) instanceof Boolean value ? value : whenAbsent;
  }

  /** {@return every parameter with the name that it has in the state dict; none twice} */
  public List<WeightShape> weights() {
    List<WeightShape> weights = new ArrayList<>();
    weights.add(weight("model.embed_tokens.weight", vocabulary, hidden));
    for (long layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      addAttention(weights, prefix + "self_attn.");
      addMlp(weights, prefix + "mlp.");
      for (String norm : family.blockNorms()) {
        weights.add(weight(prefix + norm + ".weight", hidden));
      }
    }
    if (family.hasFinalNorm()) {
      weights.add(weight("model.norm.weight", hidden));
    }
    if (!isSet("tie_word_embeddings", family.tiedByDefault())) {
      weights.add(weight("lm_head.weight", vocabulary, hidden));
    }
    return weights;
  }

  private void addAttention(List<WeightShape> weights, String prefix) {
    boolean all = family.readsBiases() && isSet("attention_bias", false);
    addLinear(weights, prefix + "q_proj", queryWidth, hidden, all || family.queryBias());
    addLinear(weights, prefix + "k_proj", keyWidth, hidden, all || family.queryBias());
    addLinear(weights, prefix + "v_proj", keyWidth, hidden, all || family.queryBias());
    addLinear(weights, prefix + "o_proj", hidden, queryWidth, all);
    if (family.headNorms() != HeadNorms.NONE) {
      boolean each = family.headNorms() == HeadNorms.EACH_HEAD;
      weights.add(weight(prefix + "q_norm.weight", each ? headDim : queryWidth));
      weights.add(weight(prefix + "k_norm.weight", each ? headDim : keyWidth));
    }
  }

  private void addMlp(List<WeightShape> weights, String prefix) {
    boolean bias = family.readsBiases() && isSet("mlp_bias", false);
    addLinear(weights, prefix + "gate_proj", intermediate, hidden, bias);
    addLinear(weights, prefix + "up_proj", intermediate, hidden, bias);
    addLinear(weights, prefix + "down_proj", hidden, intermediate, bias);
  }

  private static void addLinear(
      List<WeightShape> weights, String module, long outputs, long inputs, boolean hasBias) {
    weights.add(weight(module + ".weight", outputs, inputs));
    if (hasBias) {
      weights.add(weight(module + ".bias", outputs));
    }
  }

  private static WeightShape weight(String name, long... dimensions) {
    return new WeightShape(name, Shape.of(dimensions));
  }
}
