package dev.cairn.cli.options;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFolder;
import dev.cairn.json.Json;
import dev.cairn.policy.DecoderShape;
import dev.cairn.policy.WeightShape;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.Sharding;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a model folder would take when saved; nothing but headers and the config is read.
 *
 * @param source what the sizes were read from
 * @param modelType {@code model_type} of the config, {@code unknown} without
 * @param weights every parameter
 * @param parameters how many elements they have
 * @param bytes what their data takes in the dtype to be saved
 */
public record ModelSize(
    String source, String modelType, List<WeightShape> weights, long parameters, long bytes) {
  private static final Map<String, DType> TORCH_NAMES =
      Map.of(
          "bfloat16", DType.BF16, "float16", DType.F16, "float32", DType.F32, "float64", DType.F64);

  /**
   * Returns the sizes of the tensors in a folder, or, where there are none, of those that its
   * config describes.
   */
  public static ModelSize of(Path folder, DTypeOption dtype) throws IOException {
    Path file = folder.resolve(ModelConfig.FILE_NAME);
    Map<String, Object> config = Files.isRegularFile(file) ? read(file) : Map.of();
    String type = config.get("model_type") instanceof String name ? name : "unknown";
    return config.isEmpty() || hasTensors(folder)
        ? ofTensors(folder, type, dtype)
        : ofConfig(config, file, type, dtype);
  }

  private static Map<String, Object> read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      return Json.parseObject(bytes);
    } catch (IOException e) {
      throw new CorruptFileException(
          "config is not valid JSON: " + e.getMessage() + ", file=" + file, e);
    }
  }

  private static boolean hasTensors(Path folder) {
    return Files.exists(folder.resolve(Sharding.fileName(1, 1)))
        || Files.exists(folder.resolve(ShardIndex.FILE_NAME));
  }

  private static ModelSize ofTensors(Path folder, String type, DTypeOption dtype)
      throws IOException {
    List<WeightShape> weights = new ArrayList<>();
    long parameters = 0;
    long bytes = 0;
    try (ModelFolder model = ModelFolder.open(folder)) {
      for (FolderTensor tensor : model.tensors()) {
        weights.add(new WeightShape(tensor.name(), tensor.shape()));
        boolean isCast = tensor.dtype().isCastable() && dtype.dtype() != null;
        DType saved = isCast ? dtype.dtype() : tensor.dtype();
        parameters = Math.addExact(parameters, tensor.shape().elements());
        bytes = Math.addExact(bytes, saved.bytes(tensor.shape().elements()));
      }
    }
    return new ModelSize("safetensors headers", type, weights, parameters, bytes);
  }

  private static ModelSize ofConfig(
      Map<String, Object> config, Path file, String type, DTypeOption dtype)
      throws CorruptFileException {
    List<WeightShape> weights = DecoderShape.of(config, file.toString()).weights();
    DType saved = dtype.dtype() == null ? configDType(config, file) : dtype.dtype();
    long parameters = 0;
    for (WeightShape weight : weights) {
      parameters = Math.addExact(parameters, weight.shape().elements());
    }
    return new ModelSize("config.json", type, weights, parameters, saved.bytes(parameters));
  }

  private static DType configDType(Map<String, Object> config, Path file) {
    Object name = config.getOrDefault("dtype", config.get("torch_dtype"));
    DType dtype = name instanceof String text ? TORCH_NAMES.get(text) : null;
    if (dtype == null) {
      throw new IllegalArgumentException(
          "dtype unknown: dtype=%s, expected one that a model is trained in, file=%s; give --dtype"
              .formatted(name, file));
    }
    return dtype;
  }
}
