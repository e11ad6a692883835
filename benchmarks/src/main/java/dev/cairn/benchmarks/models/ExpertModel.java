package dev.cairn.benchmarks.models;

import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model of 64 experts, a tensor for each as OLMoE publishes them, and an adapter of rank 16 of
 * all experts, as PEFT stacks them.
 */
public final class ExpertModel {
  private static final int HIDDEN = 2048;
  private static final int INNER = 1024;
  private static final int EXPERTS = 64;
  private static final int RANK = 16;
  private static final int VOCABULARY = 8016;

  private ExpertModel() {}

  /** Returns one of so many layers. */
  public static AdaptedModel of(int layers) {
    AdaptedModel model = new AdaptedModel(config(layers), adapterConfig());
    model.add("model.embed_tokens.weight", Shape.of(VOCABULARY, HIDDEN));
    model.add("lm_head.weight", Shape.of(VOCABULARY, HIDDEN));
    model.add("model.norm.weight", Shape.of(HIDDEN));
    for (int layer = 0; layer < layers; layer++) {
      addOthers(model, "model.layers." + layer + ".");
      String experts = "model.layers." + layer + ".mlp.experts";
      for (int expert = 0; expert < EXPERTS; expert++) {
        String prefix = experts + "." + expert;
        model.add(prefix + ".gate_proj.weight", Shape.of(INNER, HIDDEN));
        model.add(prefix + ".up_proj.weight", Shape.of(INNER, HIDDEN));
        model.add(prefix + ".down_proj.weight", Shape.of(HIDDEN, INNER));
      }
      model.adapt(experts + ".base_layer", RANK * EXPERTS, HIDDEN, 2 * INNER);
      model.adapt(experts, RANK * EXPERTS, INNER, HIDDEN);
    }
    return model;
  }

  private static void addOthers(AdaptedModel model, String layer) {
    for (String norm :
        List.of(
            "input_layernorm",
            "post_attention_layernorm",
            "self_attn.q_norm",
            "self_attn.k_norm")) {
      model.add(layer + norm + ".weight", Shape.of(HIDDEN));
    }
    for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
      model.add(layer + "self_attn." + projection + ".weight", Shape.of(HIDDEN, HIDDEN));
    }
    model.add(layer + "mlp.gate.weight", Shape.of(EXPERTS, HIDDEN));
  }

  private static Map<String, Object> config(int layers) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("OlmoeForCausalLM"));
    config.put("model_type", "olmoe");
    config.put("dtype", "bfloat16");
    config.put("hidden_size", HIDDEN);
    config.put("intermediate_size", INNER);
    config.put("num_hidden_layers", layers);
    config.put("num_experts", EXPERTS);
    config.put("num_attention_heads", 16);
    config.put("num_key_value_heads", 16);
    config.put("vocab_size", VOCABULARY);
    config.put("tie_word_embeddings", false);
    return config;
  }

  private static Map<String, Object> adapterConfig() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("peft_type", "LORA");
    config.put("task_type", "CAUSAL_LM");
    config.put("r", RANK);
    config.put("lora_alpha", 2 * RANK);
    config.put("target_parameters", List.of("experts.down_proj", "experts.gate_up_proj"));
    config.put("bias", "none");
    return config;
  }
}
