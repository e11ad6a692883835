package dev.cairn.deepspeed;

import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.TagFolder;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.Links;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.StateDict;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that a pipeline writes: one for each layer, with the layer's own whole 16-bit tensors.
 *
 * <p>A layer's names begin at the layer. Where two layers have the same name, every name gets its
 * layer's number before it, as the whole pipeline's state dict has them.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/runtime/pipe/module.py">DeepSpeed
 *     PipelineModule.ckpt_layer_path</a>
 */
final class PipelineLayers {
  private static final Pattern LAYER =
      Pattern.compile("layer_(\\d{1,6})-(?:model_(\\d{1,6})-)?model_states\\.pt");

  private PipelineLayers() {}

  /** Returns the layers' files by number; none if the save is not a pipeline's. */
  static SortedMap<Integer, Path> list(TagFolder folder) throws IOException {
    TreeMap<Integer, Path> layers = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.path(), "layer_*")) {
      for (Path file : files) {
        Matcher matcher = LAYER.matcher(file.getFileName().toString());
        if (matcher.matches()) {
          if (matcher.group(2) != null && Integer.parseInt(matcher.group(2)) != 0) {
            throw DeepSpeedRefusal.TENSOR_PIPELINE.of(
                folder.path(), "file", file.getFileName().toString());
          }
          Links.requireFile(file);
          Path other = layers.put(Integer.parseInt(matcher.group(1)), file);
          if (other != null) {
            throw DeepSpeedRefusal.MIXED.of(
                folder.path(),
                "difference",
                other.getFileName() + " and " + file.getFileName() + ", expected one of them");
          }
        }
      }
    }
    return layers;
  }

  /**
   * Returns all parameters.
   *
   * @param stages the stages' model and optimizer states; none where they were not copied
   */
  static List<CheckpointParameter> of(SortedMap<Integer, Path> layers, List<ModelRank> stages)
      throws IOException {
    Map<Integer, Map<String, StoredTensor>> read = new TreeMap<>();
    Set<String> seen = new HashSet<>();
    boolean isNumbered = stages.stream().anyMatch(stage -> !stage.optimizers().isEmpty());
    boolean hasMasters = isNumbered;
    for (Map.Entry<Integer, Path> layer : layers.entrySet()) {
      Map<String, StoredTensor> tensors = StateDict.read(layer.getValue()).tensors();
      read.put(layer.getKey(), tensors);
      for (String name : tensors.keySet()) {
        isNumbered |= !seen.add(name);
      }
    }
    Map<String, StoredTensor> module = new LinkedHashMap<>();
    for (Map.Entry<Integer, Map<String, StoredTensor>> layer : read.entrySet()) {
      String prefix = isNumbered ? layer.getKey() + "." : "";
      layer.getValue().forEach((name, tensor) -> module.put(prefix + name, tensor));
    }
    Path file = layers.get(layers.firstKey());
    if (module.isEmpty()) {
      throw new CorruptFileException(
          "layers have no tensors: file=" + Printable.of(file.toString()));
    }
    return hasMasters
        ? PipelineMasters.of(file, module, stages)
        : WholeWeights.of(ModelStates.of(file, module), Map.of());
  }
}
