package dev.cairn.deepspeed;

import dev.cairn.deepspeed.content.Content;
import dev.cairn.deepspeed.content.TensorContent;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.Printable;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The masters of a universal checkpoint: a folder for each parameter with its whole F32 tensor.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/checkpoint/ds_to_universal.py">DeepSpeed
 *     ds_to_universal.py</a>
 */
final class UniversalWeights {
  private static final String FOLDER = "zero";
  private static final String FILE = "fp32.pt";
  private static final int MAX_PARAMETERS = 250_000;

  private UniversalWeights() {}

  /** Returns whether the folder of a save is a universal checkpoint. */
  static boolean isThere(TagFolder folder) {
    return Files.isDirectory(folder.path().resolve(FOLDER));
  }

  /**
   * Returns all parameters and buffers.
   *
   * @param model rank 0's model states, beside which there may be others
   * @param frozen the frozen parameters, which the conversion to a universal one leaves where they
   *     were
   */
  static List<CheckpointParameter> of(
      TagFolder folder, ModelStates model, Map<String, Content> frozen) throws IOException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    model.groups().forEach(shapes::putAll);
    Map<String, StoredTensor> stored = read(folder.path().resolve(FOLDER), shapes);
    if (stored.isEmpty()) {
      throw new CorruptFileException(
          "universal checkpoint without parameters: expected a folder with "
              + FILE
              + " for each in "
              + folder.path().resolve(FOLDER));
    }
    for (String name : shapes.keySet()) {
      if (!stored.containsKey(name)) {
        throw new CorruptFileException(
            "parameter has no content: parameter="
                + Printable.of(name)
                + ", expected a folder of that name in "
                + folder.path().resolve(FOLDER));
      }
    }
    Map<String, Content> contents = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          shapes.putIfAbsent(name, tensor.shape());
          contents.put(name, new TensorContent(tensor));
        });
    return ParameterAssembly.of(model, List.of(shapes), contents, frozen);
  }

  private static Map<String, StoredTensor> read(Path folder, Map<String, Shape> shapes)
      throws IOException {
    List<Path> parameters = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry)) {
          parameters.add(entry);
        }
        if (parameters.size() > MAX_PARAMETERS) {
          throw new CorruptFileException("folder holds too many parameters: path=" + folder);
        }
      }
    }
    Map<String, StoredTensor> stored = new TreeMap<>();
    for (Path parameter : parameters) {
      String name = parameter.getFileName().toString();
      stored.put(name, read(parameter.resolve(FILE), name, shapes.get(name)));
    }
    return stored;
  }

  private static StoredTensor read(Path file, String name, Shape expected) throws IOException {
    TagFolder.requireFile(file);
    try (TorchFile archive = TorchFile.open(file)) {
      TorchTensors types = new TorchTensors(file);
      Object root = archive.root();
      Object value = root instanceof Dictionary fields ? fields.get("param") : root;
      String what = "master of " + Printable.of(name);
      StoredTensor stored = StoredTensor.locate(archive, types.tensor(value, what), what);
      if (expected == null || stored.shape().equals(expected)) {
        return stored;
      }
      // ZeRO-3's were not given their shapes by some versions.
      if (stored.shape().dimensions() == 1
          && stored.elements() == expected.elements()
          && stored.tensor().isContiguous()) {
        return stored.as(expected);
      }
      throw new CorruptFileException(
          "master has another shape: parameter="
              + Printable.of(name)
              + ", shape="
              + stored.shape()
              + ", expected "
              + expected
              + ", file="
              + file);
    }
  }

  /** Returns model states of a folder that has none: masters alone are known. */
  static ModelStates withoutModel(TagFolder folder) {
    return new ModelStates(
        folder.path(), Map.of(), Set.of(), List.of(), Map.of(), Map.of(), Map.of(), null, Map.of());
  }
}
