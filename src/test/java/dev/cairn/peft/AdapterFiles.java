package dev.cairn.peft;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small base models and adapters in F32, written by hand. */
public final class AdapterFiles {
  public static final String Q = "model.layers.0.self_attn.q_proj";
  public static final String PREFIX = "base_model.model.";

  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final Map<String, DType> others = new LinkedHashMap<>();
  private String modelConfig = "{\"model_type\": \"llama\"}";

  /** Adds a tensor whose elements count 1, 2, 3 and so on. */
  public AdapterFiles add(String name, long... dimensions) {
    shapes.put(name, Shape.of(dimensions));
    return this;
  }

  /** Adds a tensor of another type, whose elements' lowest bytes count 1, 2, 3 and so on. */
  public AdapterFiles add(DType dtype, String name, long... dimensions) {
    others.put(name, dtype);
    return add(name, dimensions);
  }

  /** Takes a tensor away again. */
  public AdapterFiles remove(String name) {
    shapes.remove(name);
    return this;
  }

  /** Sets what a base's config.json holds. */
  public AdapterFiles modelConfig(String json) {
    modelConfig = json;
    return this;
  }

  /** Returns a base of a square layer, an embedding, a norm and a bias. */
  public static AdapterFiles base() {
    return new AdapterFiles()
        .add("model.embed_tokens.weight", 5, 4)
        .add(Q + ".weight", 4, 4)
        .add(Q + ".bias", 4)
        .add("model.norm.weight", 4)
        .add("lm_head.weight", 5, 4);
  }

  /** Returns an adapter of rank 2 for the layer. */
  public static AdapterFiles adapter() {
    return new AdapterFiles()
        .add(PREFIX + Q + ".lora_A.weight", 2, 4)
        .add(PREFIX + Q + ".lora_B.weight", 4, 2);
  }

  /** Writes a base with its config. */
  public Path writeBase(Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder.resolve("model.safetensors"));
    Files.writeString(folder.resolve("config.json"), modelConfig);
    return folder;
  }

  /** Writes an adapter with its config. */
  public Path writeAdapter(Path folder, String config) throws IOException {
    Files.createDirectories(folder);
    write(folder.resolve("adapter_model.safetensors"));
    Files.write(folder.resolve("adapter_config.json"), config.getBytes(StandardCharsets.UTF_8));
    return folder;
  }

  private void write(Path file) throws IOException {
    List<TensorInfo> infos = new ArrayList<>();
    shapes.forEach(
        (name, shape) ->
            infos.add(new TensorInfo(name, others.getOrDefault(name, DType.F32), shape)));
    Header header = Header.of(Header.PYTORCH_METADATA, infos);
    ByteBuffer bytes =
        ByteBuffer.allocate((int) header.fileLengthBytes()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(header.encode());
    for (TensorEntry entry : header.tensors()) {
      for (int i = 1; i <= entry.shape().elements(); i++) {
        if (entry.dtype() == DType.F32) {
          bytes.putFloat(i);
        } else {
          bytes.put((byte) i).position(bytes.position() + entry.dtype().bits() / 8 - 1);
        }
      }
    }
    Files.write(file, bytes.array());
  }
}
