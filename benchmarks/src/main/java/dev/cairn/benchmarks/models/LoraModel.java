package dev.cairn.benchmarks.models;

import dev.cairn.benchmarks.machine.Folders;
import dev.cairn.json.Json;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A base model in BF16 and a LoRA adapter of rank 64 of all its linear layers, made up on disk;
 * with 16 layers the shapes are those of Llama 3.2 1B.
 */
public final class LoraModel {
  private static final int HIDDEN = 2048;
  private static final int INNER = 8192;
  private static final int KEYS = 512;
  private static final int VOCABULARY_PER_LAYER = 8016;
  private static final int RANK = 64;
  private static final int PIECE_BYTES = 8 << 20;
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

  private final List<TensorInfo> base = new ArrayList<>();
  private final List<TensorInfo> adapter = new ArrayList<>();
  private final int layers;

  public LoraModel(int layers) {
    this.layers = layers;
    add(base, "model.embed_tokens.weight", Shape.of((long) VOCABULARY_PER_LAYER * layers, HIDDEN));
    add(base, "model.norm.weight", Shape.of(HIDDEN));
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      add(base, prefix + "input_layernorm.weight", Shape.of(HIDDEN));
      add(base, prefix + "post_attention_layernorm.weight", Shape.of(HIDDEN));
      LINEAR.forEach((name, shape) -> addLinear(prefix + name, shape));
    }
  }

  private void addLinear(String module, Shape shape) {
    String adapted = "base_model.model." + module;
    add(base, module + ".weight", shape);
    add(adapter, adapted + ".lora_A.weight", Shape.of(RANK, shape.dimension(1)));
    add(adapter, adapted + ".lora_B.weight", Shape.of(shape.dimension(0), RANK));
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
    write(model.resolve("model.safetensors"), base);
    Files.write(model.resolve("config.json"), Json.pretty(config()));
    Path lora = Files.createDirectories(folder.resolve("adapter"));
    write(lora.resolve("adapter_model.safetensors"), adapter);
    Files.write(lora.resolve("adapter_config.json"), Json.pretty(adapterConfig()));
    Folders.force(folder);
  }

  static void write(Path file, List<TensorInfo> tensors) throws IOException {
    Header header = Header.of(Header.PYTORCH_METADATA, tensors);
    ByteBuffer piece = numbers();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header.encode()));
      while (channel.position() < header.fileLengthBytes()) {
        piece.clear();
        piece.limit(
            (int) Math.min(piece.capacity(), header.fileLengthBytes() - channel.position()));
        channel.write(piece);
      }
    }
  }

  /** Returns small numbers in BF16, some negative. */
  private static ByteBuffer numbers() {
    ByteBuffer numbers = ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(1);
    while (numbers.hasRemaining()) {
      float number = (random.nextFloat() - 0.5f) / 16;
      numbers.putShort((short) (Float.floatToRawIntBits(number) >>> 16));
    }
    return numbers.flip();
  }

  private Map<String, Object> config() {
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
