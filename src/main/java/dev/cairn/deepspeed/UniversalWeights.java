package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.deepspeed.parallel.SplitRules;
import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.TagFolder;
import dev.cairn.input.Links;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleValue.Dictionary;
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
   * @param ranks every model rank's model states, which the conversion to a universal checkpoint
   *     copies: they say the order, what is tied, and have what is not trained; none where they
   *     were left out
   * @param rules how tensor-parallel ranks split weights; null where there are none
   */
  static List<CheckpointParameter> of(TagFolder folder, List<ModelRank> ranks, SplitRules rules)
      throws IOException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    boolean isSplit = ranks.size() > 1 && rules != null;
    if (!isSplit) {
      for (ModelRank rank : ranks) {
        rank.model().groups().forEach(shapes::putAll);
      }
    }
    Map<String, StoredTensor> stored = read(folder.path().resolve(FOLDER), shapes);
    if (stored.isEmpty()) {
      throw new CorruptFileException(
          "universal checkpoint without parameters: expected a folder with "
              + FILE
              + " for each in "
              + folder.path().resolve(FOLDER));
    }
    if (isSplit) {
      return joined(folder, ranks, rules, stored);
    }
    requireAll(folder, shapes.keySet(), stored);
    Map<String, Content> contents = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          shapes.put(name, tensor.shape());
          contents.put(name, new TensorContent(tensor));
        });
    if (ranks.isEmpty()) {
      return ParameterAssembly.of(
          ModelStates.of(folder.path(), Map.of()), List.of(shapes), contents, Map.of());
    }
    return ParameterAssembly.of(
        ranks.get(0).model(), List.of(shapes), contents, ranks.get(0).frozen());
  }

  /** Takes what is not trained from the tensor-parallel ranks, and the masters as they are. */
  private static List<CheckpointParameter> joined(
      TagFolder folder, List<ModelRank> ranks, SplitRules rules, Map<String, StoredTensor> stored)
      throws CorruptFileException {
    List<List<CheckpointParameter>> lists = new ArrayList<>();
    for (ModelRank rank : ranks) {
      Map<String, Content> own = new LinkedHashMap<>();
      for (Map<String, Shape> group : rank.model().groups()) {
        for (String name : group.keySet()) {
          StoredTensor held = rank.model().module().get(name);
          own.put(name, new TensorContent(held == null ? stored.get(name) : held));
        }
      }
      requireAll(folder, own.keySet(), stored);
      lists.add(ParameterAssembly.of(rank.model(), rank.model().groups(), own, rank.frozen()));
    }
    List<CheckpointParameter> parameters = new ArrayList<>();
    for (CheckpointParameter whole :
        TensorParallel.join(lists, rules, ranks.get(0).model().file())) {
      StoredTensor master = stored.get(whole.tiedTo().orElse(whole.name()));
      parameters.add(master == null ? whole : withMaster(whole, master));
    }
    return parameters;
  }

  private static CheckpointParameter withMaster(CheckpointParameter whole, StoredTensor master)
      throws CorruptFileException {
    if (!whole.shape().equals(master.shape())) {
      throw otherShape(whole.name(), master, whole.shape());
    }
    return new CheckpointParameter(
        whole.name(),
        whole.shape(),
        whole.kind(),
        whole.heldDType(),
        whole.tiedTo().orElse(null),
        new TensorContent(master),
        whole.heldContent());
  }

  private static void requireAll(
      TagFolder folder, Set<String> names, Map<String, StoredTensor> stored)
      throws CorruptFileException {
    for (String name : names) {
      if (!stored.containsKey(name)) {
        throw new CorruptFileException(
            "parameter has no content: parameter="
                + Printable.of(name)
                + ", expected a folder of that name in "
                + folder.path().resolve(FOLDER));
      }
    }
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
    Links.requireFile(file);
    try (TorchFile archive = TorchFile.open(file)) {
      TorchTensors types = new TorchTensors(file);
      Object root = archive.root();
      Object value = root instanceof Dictionary fields ? fields.get("param") : root;
      String what = "master of " + Printable.of(name);
      StoredTensor stored = StoredTensor.locate(archive, types.tensor(value, what), what);
      if (expected == null || stored.shape().equals(expected) || isWhole(root, stored)) {
        return stored;
      }
      // ZeRO-3's are not given their shapes.
      if (stored.shape().dimensions() == 1
          && stored.elements() == expected.elements()
          && stored.tensor().isContiguous()) {
        return stored.as(expected);
      }
      throw otherShape(name, stored, expected);
    }
  }

  /** Experts have whole tensors here, and in the model states the shapes of one rank's. */
  private static boolean isWhole(Object root, StoredTensor stored) {
    return root instanceof Dictionary fields
        && Boolean.TRUE.equals(fields.get("is_expert_param"))
        && fields.get("ep_num_experts") instanceof Long experts
        && stored.shape().dimensions() > 0
        && stored.shape().dimension(0) == experts;
  }

  private static CorruptFileException otherShape(String name, StoredTensor stored, Shape expected) {
    return new CorruptFileException(
        "master has another shape: parameter="
            + Printable.of(name)
            + ", shape="
            + stored.shape()
            + ", expected "
            + expected
            + ", file="
            + stored.file());
  }
}
