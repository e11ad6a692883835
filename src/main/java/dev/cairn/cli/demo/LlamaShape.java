package dev.cairn.cli.demo;

import dev.cairn.json.JsonNumber;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The dimensions of a Llama-shaped model with untied embeddings and as many attention heads for
 * keys as for queries.
 *
 * @param hidden width of the residual stream, a multiple of 64
 * @param intermediate width inside the feed-forward layers
 * @param layers decoder layers, 1 or more
 * @param vocabulary tokens
 */
public record LlamaShape(int hidden, int intermediate, int layers, int vocabulary) {
  private static final int HEAD = 64;
  private static final int FULL_VOCABULARY = 32_000;

  /** Smallest parameter counts for which the width beside it is used. */
  private static final long[][] WIDTHS = {
    {0, 64, 176},
    {1_000_000, 128, 352},
    {5_000_000, 256, 704},
    {30_000_000, 512, 1408},
    {150_000_000, 1024, 2816},
    {400_000_000, 1536, 4096},
    {800_000_000, 2048, 5632},
    {3_500_000_000L, 3072, 8192},
    {6_000_000_000L, 4096, 11_264},
    {25_000_000_000L, 8192, 22_016}
  };

  /**
   * Returns the shape whose parameter count comes closest to what is asked for: the width follows
   * from a table, the number of layers from the rest.
   */
  public static LlamaShape closestTo(long parameters) {
    long[] row = WIDTHS[0];
    for (long[] candidate : WIDTHS) {
      if (parameters >= candidate[0]) {
        row = candidate;
      }
    }
    int hidden = Math.toIntExact(row[1]);
    int vocabulary = Math.min(FULL_VOCABULARY, hidden * 32);
    LlamaShape one = new LlamaShape(hidden, Math.toIntExact(row[2]), 1, vocabulary);
    long rest = parameters - (one.parameters() - one.layerParameters());
    long layers = Math.max(1, Math.round((double) rest / one.layerParameters()));
    return new LlamaShape(hidden, one.intermediate, Math.toIntExact(layers), vocabulary);
  }

  private long layerParameters() {
    return 4L * hidden * hidden + 3L * hidden * intermediate + 2L * hidden;
  }

  /** Returns how many parameters the model has. */
  public long parameters() {
    return 2L * vocabulary * hidden + hidden + layers * layerParameters();
  }

  /** Returns the tensors under the names and in the order of transformers' LlamaForCausalLM. */
  List<TensorInfo> tensors(DType held) {
    Shape square = Shape.of(hidden, hidden);
    Shape up = Shape.of(intermediate, hidden);
    Shape norm = Shape.of(hidden);
    List<TensorInfo> tensors = new ArrayList<>();
    tensors.add(new TensorInfo("model.embed_tokens.weight", held, Shape.of(vocabulary, hidden)));
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      for (String projection : List.of("q", "k", "v", "o")) {
        tensors.add(
            new TensorInfo(prefix + "self_attn." + projection + "_proj.weight", held, square));
      }
      tensors.add(new TensorInfo(prefix + "mlp.gate_proj.weight", held, up));
      tensors.add(new TensorInfo(prefix + "mlp.up_proj.weight", held, up));
      tensors.add(
          new TensorInfo(prefix + "mlp.down_proj.weight", held, Shape.of(hidden, intermediate)));
      tensors.add(new TensorInfo(prefix + "input_layernorm.weight", held, norm));
      tensors.add(new TensorInfo(prefix + "post_attention_layernorm.weight", held, norm));
    }
    tensors.add(new TensorInfo("model.norm.weight", held, norm));
    tensors.add(new TensorInfo("lm_head.weight", held, Shape.of(vocabulary, hidden)));
    return tensors;
  }

  /** Returns config.json as transformers' LlamaConfig reads it. */
  Map<String, Object> config(DType held) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("attention_bias", false);
    config.put("attention_dropout", new JsonNumber("0.0"));
    config.put("bos_token_id", 1);
    config.put("dtype", held == DType.BF16 ? "bfloat16" : "float32");
    config.put("eos_token_id", 2);
    config.put("head_dim", HEAD);
    config.put("hidden_act", "silu");
    config.put("hidden_size", hidden);
    config.put("initializer_range", new JsonNumber("0.02"));
    config.put("intermediate_size", intermediate);
    config.put("max_position_embeddings", 4096);
    config.put("mlp_bias", false);
    config.put("model_type", "llama");
    config.put("num_attention_heads", hidden / HEAD);
    config.put("num_hidden_layers", layers);
    config.put("num_key_value_heads", hidden / HEAD);
    config.put("rms_norm_eps", new JsonNumber("1e-05"));
    config.put("rope_theta", new JsonNumber("10000.0"));
    config.put("tie_word_embeddings", false);
    config.put("transformers_version", "5.18.0");
    config.put("use_cache", true);
    config.put("vocab_size", vocabulary);
    return config;
  }

  /** Returns generation_config.json, in the form that transformers saves. */
  static Map<String, Object> generationConfig() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_from_model_config", true);
    config.put("bos_token_id", 1);
    config.put("eos_token_id", 2);
    config.put("transformers_version", "5.18.0");
    return config;
  }
}
