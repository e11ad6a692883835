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
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A base model in BF16 and a LoRA adapter of it, made up on disk. */
public final class AdaptedModel {
  private static final int PIECE_BYTES = 8 << 20;

  private final List<TensorInfo> base = new ArrayList<>();
  private final List<TensorInfo> adapter = new ArrayList<>();
  private final Map<String, Object> config;
  private final Map<String, Object> adapterConfig;

  /** Makes one without tensors. */
  AdaptedModel(Map<String, Object> config, Map<String, Object> adapterConfig) {
    this.config = config;
    this.adapterConfig = adapterConfig;
  }

  /** Adds a tensor of the base model. */
  void add(String name, Shape shape) {
    base.add(new TensorInfo(name, DType.BF16, shape));
  }

  /** Adds what the adapter has of a module: {@code rank} rows of A and columns of B. */
  void adapt(String module, long rank, long inputs, long outputs) {
    String adapted = "base_model.model." + module;
    adapter.add(new TensorInfo(adapted + ".lora_A.weight", DType.BF16, Shape.of(rank, inputs)));
    adapter.add(new TensorInfo(adapted + ".lora_B.weight", DType.BF16, Shape.of(outputs, rank)));
  }

  /** Returns the bytes of the base model's tensors. */
  public long lengthBytes() {
    return base.stream().mapToLong(TensorInfo::lengthBytes).sum();
  }

  /** Writes {@code base} and {@code adapter} into the folder. */
  public void write(Path folder) throws IOException {
    Path model = Files.createDirectories(folder.resolve("base"));
    write(model.resolve("model.safetensors"), base);
    Files.write(model.resolve("config.json"), Json.pretty(config));
    Path lora = Files.createDirectories(folder.resolve("adapter"));
    write(lora.resolve("adapter_model.safetensors"), adapter);
    Files.write(lora.resolve("adapter_config.json"), Json.pretty(adapterConfig));
    Folders.force(folder);
  }

  private static void write(Path file, List<TensorInfo> tensors) throws IOException {
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
}
