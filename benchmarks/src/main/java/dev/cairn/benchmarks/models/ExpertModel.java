package dev.cairn.benchmarks.models;

import dev.cairn.benchmarks.machine.Folders;
import dev.cairn.json.Json;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A base model of 64 experts in BF16, a tensor for each as OLMoE publishes them, and a LoRA adapter
 * of rank 16 of all experts, as PEFT stacks them; made up on disk.
 */
public final class ExpertModel {
  private static final int HIDDEN = 2048;
  private static final int INNER = 1024;
  private static final int EXPERTS = 64;
  private static final int RANK = 16;
  private static final int VOCABULARY = 8016;

  private final List<TensorInfo> base = new ArrayList<>();
  private final List<TensorInfo> adapter = new ArrayList<>();
  private final int layers;

  public ExpertModel(int layers) {
    this.layers = layers;
    add(base, "model.embed_tokens.weight", Shape.of(VOCABULARY, HIDDEN));
    add(base, "lm_head.weight", Shape.of(VOCABULARY, HIDDEN));
    add(base, "model.norm.weight", Shape.of(HIDDEN));
    for (int layer = 0; layer < layers; layer++) {
      addOthers("model.layers." + layer + ".");
      String experts = "model.layers." + layer + ".mlp.experts";
      for (int expert = 0; expert < EXPERTS; expert++) {
        String prefix = experts + "." + expert;
        add(base, prefix + ".gate_proj.weight", Shape.of(INNER, HIDDEN));
        add(base, prefix + ".up_proj.weight", Shape.of(INNER, HIDDEN));
        add(base, prefix + ".down_proj.weight", Shape.of(HIDDEN, INNER));
      }
      addWrapper("base_model.model." + experts + ".base_layer", HIDDEN, 2 * INNER);
      addWrapper("base_model.model." + experts, INNER, HIDDEN);
    }
  }

  private void addOthers(String layer) {
    for (String norm :
        List.of(
            "input_layernorm",
            "post_attention_layernorm",
            "self_attn.q_norm",
            "self_attn.k_norm")) {
      add(base, layer + norm + ".weight", Shape.of(HIDDEN));
    }
    for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
      add(base, layer + "self_attn." + projection + ".weight", Shape.of(HIDDEN, HIDDEN));
    }
    add(base, layer + "mlp.gate.weight", Shape.of(EXPERTS, HIDDEN));
  }

  private void addWrapper(String module, int inputs, int outputs) {
    add(adapter, module + ".lora_A.weight", Shape.of(RANK * EXPERTS, inputs));
    add(adapter, module + ".lora_B.weight", Shape.of(outputs, RANK * EXPERTS));
  }

  private static void add(List<TensorInfo> tensors, String name, Shape shape) {
    tensors.add(new TensorInfo(name, DType.BF16, shape));
  }

  /** Returns the bytes of the base model's tensors. */
  public long lengthBytes() {
    return base.stream().mapToLong(TensorInfo::lengthBytes).sum();
  }

  /** Writes {@code base} and {@code adapter} into the folder. */
  public void write(Path folder) throws IOException {
    Path model = Files.createDirectories(folder.resolve("base"));
    LoraModel.write(model.resolve("model.safetensors"), base);
    Files.write(model.resolve("config.json"), Json.pretty(config()));
    Path lora = Files.createDirectories(folder.resolve("adapter"));
    LoraModel.write(lora.resolve("adapter_model.safetensors"), adapter);
    Files.write(lora.resolve("adapter_config.json"), Json.pretty(adapterConfig()));
    Folders.force(folder);
  }

  private Map<String, Object> config() {
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
