package dev.cairn.benchmarks.models;

import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A Llama, and an adapter of rank 64 of all its linear layers. */
public final class LoraModel {
  private static final int HIDDEN = 2048;
  private static final int INNER = 8192;
  private static final int KEYS = 512;
  private static final int VOCABULARY_PER_LAYER = 8016;
  private static final int RANK = 64;
  private static final Map<String, Shape> LINEAR = new LinkedHashMap<>();

  static {
    LINEAR.put("self_attn.q_proj", Shape.of(HIDDEN, HIDDEN));
    LINEAR.put("self_attn.k_proj", Shape.of(KEYS, HIDDEN));
    LINEAR.put("self_attn.v_proj", Shape.of(KEYS, HIDDEN));
    LINEAR.put("self_attn.o_proj", Shape.of(HIDDEN, HIDDEN));
    LINEAR.put("mlp.gate_proj", Shape.of(INNER, HIDDEN));
    LINEAR.put("mlp.up_proj", Shape.of(INNER, HIDDEN));
    LINEAR.put("mlp.down_proj", Shape.of(HIDDEN, INNER));
  }

  private LoraModel() {}

  /** Returns one of so many layers; with 16 the shapes are those of Llama 3.2 1B. */
  public static AdaptedModel of(int layers) {
    AdaptedModel model = new AdaptedModel(config(layers), adapterConfig());
    model.add("model.embed_tokens.weight", Shape.of((long) VOCABULARY_PER_LAYER * layers, HIDDEN));
    model.add("model.norm.weight", Shape.of(HIDDEN));
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      model.add(prefix + "input_layernorm.weight", Shape.of(HIDDEN));
      model.add(prefix + "post_attention_layernorm.weight", Shape.of(HIDDEN));
      LINEAR.forEach(
          (name, shape) -> {
            model.add(prefix + name + ".weight", shape);
            model.adapt(prefix + name, RANK, shape.dimension(1), shape.dimension(0));
          });
    }
    return model;
  }

  private static Map<String, Object> config(int layers) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("model_type", "llama");
    config.put("dtype", "bfloat16");
    config.put("hidden_size", HIDDEN);
    config.put("intermediate_size", INNER);
    config.put("num_hidden_layers", layers);
    config.put("num_attention_heads", 32);
    config.put("num_key_value_heads", 8);
    config.put("head_dim", 64);
    config.put("vocab_size", VOCABULARY_PER_LAYER * layers);
    config.put("tie_word_embeddings", true);
    return config;
  }

  private static Map<String, Object> adapterConfig() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("peft_type", "LORA");
    config.put("task_type", "CAUSAL_LM");
    config.put("r", RANK);
    config.put("lora_alpha", 2 * RANK);
    config.put(
        "target_modules",
        LINEAR.keySet().stream()
            .map(name -> name.substring(name.indexOf('.') + 1))
            .sorted()
            .toList());
    config.put("bias", "none");
    return config;
  }
}
