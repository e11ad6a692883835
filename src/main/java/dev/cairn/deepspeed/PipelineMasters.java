package dev.cairn.deepspeed;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.deepspeed.saved.ExpertGroups;
import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The masters of a pipeline: each stage has those of its layers, named {@code N.key} after the
 * layer's number. A tied tensor is in the file of the first layer that has it, and its master on
 * every stage that does, named {@code tied_modules.NAME.key}; that is then its name here.
 */
final class PipelineMasters {
  private static final String TIED = "tied_modules.";

  private final Path file;
  private final Map<String, StoredTensor> module;
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final Map<String, List<Content>> masters = new LinkedHashMap<>();

  /** Name of a tied tensor in its layer's file, by the name of its master. */
  private final Map<String, String> tied = new LinkedHashMap<>();

  private PipelineMasters(Path file, Map<String, StoredTensor> module) {
    this.file = file;
    this.module = module;
  }

  /**
   * Returns all parameters, in the order of the layers.
   *
   * @param module the layers' tensors by numbered name
   */
  static List<CheckpointParameter> of(
      Path file, Map<String, StoredTensor> module, List<ModelRank> stages)
      throws CorruptFileException {
    PipelineMasters masters = new PipelineMasters(file, module);
    masters.findTied(stages);
    for (ModelRank stage : stages) {
      masters.add(stage);
    }
    return masters.parameters();
  }

  private void findTied(List<ModelRank> stages) throws CorruptFileException {
    List<String> names = new ArrayList<>();
    for (ModelRank stage : stages) {
      stage.model().groups().forEach(group -> names.addAll(group.keySet()));
      stage
          .optimizers()
          .forEach(rank -> rank.slices().forEach(group -> names.addAll(group.keySet())));
    }
    List<String> free = new ArrayList<>(module.keySet());
    free.removeAll(new HashSet<>(names));
    for (String name : names) {
      if (name.startsWith(TIED) && !tied.containsKey(name)) {
        String key = name.substring(name.indexOf('.', TIED.length()) + 1);
        List<String> fitting =
            free.stream()
                .filter(layer -> layer.substring(layer.indexOf('.') + 1).equals(key))
                .toList();
        if (fitting.size() > 1) {
          throw new CorruptFileException(
              "which layer has a tied tensor is not known: parameter="
                  + Printable.of(name)
                  + ", tensors="
                  + fitting.subList(0, Math.min(8, fitting.size()))
                  + ", file="
                  + file);
        }
        tied.put(name, fitting.isEmpty() ? null : fitting.get(0));
      }
    }
  }

  private void add(ModelRank stage) throws CorruptFileException {
    Map<String, Shape> known = new LinkedHashMap<>();
    module.forEach((name, stored) -> known.put(name, stored.shape()));
    tied.forEach(
        (name, layer) -> {
          if (layer != null) {
            known.put(name, module.get(layer).shape());
          }
        });
    List<Map<String, Shape>> groups = stage.groups(known);
    if (groups.isEmpty()) {
      return; // a stage without parameters
    }
    ExpertGroups experts = ExpertGroups.of(List.of(stage), groups);
    Map<String, Content> contents = stage.dense(groups, experts);
    for (Map<String, Shape> group : groups) {
      for (Map.Entry<String, Shape> entry : group.entrySet()) {
        String name = entry.getKey();
        Shape other = shapes.putIfAbsent(name, entry.getValue());
        if (other != null && !other.equals(entry.getValue())) {
          throw new CorruptFileException(
              "stages have a tied tensor in two shapes: parameter="
                  + Printable.of(name)
                  + ", shape="
                  + entry.getValue()
                  + ", expected "
                  + other
                  + ", file="
                  + stage.model().file());
        }
        masters.computeIfAbsent(name, key -> new ArrayList<>()).add(contents.get(name));
      }
    }
  }

  private List<CheckpointParameter> parameters() throws CorruptFileException {
    Map<String, String> tiedByLayer = new LinkedHashMap<>();
    tied.forEach((name, layer) -> tiedByLayer.put(layer, name));
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    module.forEach((name, stored) -> named.put(tiedByLayer.getOrDefault(name, name), stored));
    Map<String, Content> contents = new LinkedHashMap<>();
    for (Map.Entry<String, List<Content>> entry : masters.entrySet()) {
      Shape shape = shapes.get(entry.getKey());
      List<BoxesContent.Piece> copies =
          entry.getValue().stream()
              .map(content -> new BoxesContent.Piece(Box.whole(shape), content))
              .toList();
      contents.put(
          entry.getKey(),
          BoxesContent.of(
              "parameter=" + Printable.of(entry.getKey()) + ", file=" + file, shape, copies));
    }
    return ParameterAssembly.of(ModelStates.of(file, named), List.of(shapes), contents, Map.of());
  }
}
