package dev.cairn.deepspeed;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.deepspeed.parallel.SplitRules;
import dev.cairn.deepspeed.saved.ExpertFiles;
import dev.cairn.deepspeed.saved.ExpertGroups;
import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.Parallelism;
import dev.cairn.deepspeed.saved.RankFiles;
import dev.cairn.deepspeed.saved.SaveFiles;
import dev.cairn.deepspeed.saved.TagFolder;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * The weights of a save, whatever it was spread over: ranks that share parameters, ranks with
 * slices of them, stages, expert ranks.
 *
 * @param folder of the save
 * @param ranks every model rank, in order
 * @param rules how tensor-parallel ranks split weights; null where there are none
 * @param experts the files of experts
 */
record SavedWeights(
    TagFolder folder, List<ModelRank> ranks, SplitRules rules, ExpertFiles experts) {

  /**
   * Reads the metadata of all ranks' files.
   *
   * @param tensorRules a user's file of rules; null for the recorded ones
   */
  static SavedWeights open(TagFolder folder, SaveFiles files, Path tensorRules) throws IOException {
    List<ModelRank> ranks = new ArrayList<>();
    int first = files.modelRanks().firstKey();
    ranks.add(ModelRank.read(folder, files.modelRanks().get(first), null));
    ModelStates model = ranks.get(0).model();
    Parallelism parallelism = model.parallelism();
    int count = parallelism.modelRanks();
    files.requireModelRanks(folder, count == 0 ? files.modelRanks().lastKey() + 1 : count);
    for (RankFiles other : files.modelRanks().tailMap(first, false).values()) {
      ModelRank rank = ModelRank.read(folder, other, model.sharedNames());
      ranks.get(0).requireSameRun(rank);
      ranks.add(rank);
    }
    SplitRules rules = tensorRules == null ? parallelism.rules() : SplitRules.read(tensorRules);
    return new SavedWeights(folder, ranks, rules, ExpertFiles.read(files, ranks));
  }

  /**
   * Refuses a pipeline whose stages are tensor-parallel: mp_rank is then the stage times the
   * tensor-parallel ranks plus the rank. In a universal checkpoint of it weights are whole.
   */
  void refusePipelineOfSlices() throws CorruptFileException {
    ModelStates model = ranks.get(0).model();
    if (model.parallelism().stages() > 1 && model.parallelism().tensorRanks() > 1) {
      throw DeepSpeedRefusal.TENSOR_PIPELINE.of(
          folder.path(), "file", model.file().getFileName() + "");
    }
  }

  private boolean isPipeline() {
    return ranks.get(0).model().parallelism().isPipeline();
  }

  /** Returns how the model was spread over the ranks. */
  Mesh mesh() throws CorruptFileException {
    ModelRank first = ranks.get(0);
    int stages = isPipeline() ? first.model().parallelism().stages() : 1;
    int data = first.optimizers().isEmpty() ? first.model().ranks() : first.optimizers().size();
    int expertRanks =
        first.model().parallelism().hasExperts()
            ? ExpertGroups.of(ranks, first.groups(shapes(first.model()))).expertRanks()
            : 1;
    return new Mesh(first.stage(), data, ranks.size() / stages, stages, Math.max(1, expertRanks));
  }

  private static Map<String, Shape> shapes(ModelStates model) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    model.module().forEach((name, stored) -> shapes.put(name, stored.shape()));
    return shapes;
  }

  /** Returns the parameters of a universal checkpoint. */
  List<CheckpointParameter> universal() throws IOException {
    if (ranks.size() > 1 && !isPipeline()) {
      requireRules();
    }
    List<CheckpointParameter> parameters =
        UniversalWeights.of(folder, ranks, isPipeline() ? null : rules);
    return AutoEpNames.undone(parameters, ranks.get(0).model().parallelism().autoEp());
  }

  /** Returns the parameters of a pipeline's layers. */
  List<CheckpointParameter> pipeline(SortedMap<Integer, Path> layers) throws IOException {
    return PipelineLayers.of(layers, ranks);
  }

  /** Returns the parameters of any other save. */
  List<CheckpointParameter> all() throws IOException {
    if (isPipeline()) {
      throw DeepSpeedRefusal.NO_LAYERS.of(folder.path());
    }
    if (ranks.size() > 1) {
      requireRules();
    }
    ModelRank first = ranks.get(0);
    List<CheckpointParameter> parameters = new ArrayList<>();
    if (first.optimizers().isEmpty()) {
      requireModules();
      WholeMasters masters = WholeMasters.match(ranks, experts);
      parameters.addAll(joined(masters.parameters()));
      parameters.addAll(ExpertWeights.whole(first.model(), experts.tensors(), masters.experts()));
      if (parameters.isEmpty()) {
        throw DeepSpeedRefusal.NO_MODULE.of(first.model().file());
      }
    } else {
      List<Map<String, Shape>> groups = first.groups(shapes(first.model()));
      ExpertGroups expertGroups = ExpertGroups.of(ranks, groups);
      List<List<CheckpointParameter>> lists = new ArrayList<>();
      for (ModelRank rank : ranks) {
        lists.add(dense(rank, expertGroups));
      }
      parameters.addAll(joined(lists));
      parameters.addAll(
          ExpertWeights.partitioned(
              first.model(), first.optimizers().size(), groups, expertGroups, experts.tensors()));
    }
    return AutoEpNames.undone(parameters, first.model().parallelism().autoEp());
  }

  private static List<CheckpointParameter> dense(ModelRank rank, ExpertGroups experts)
      throws CorruptFileException {
    List<Map<String, Shape>> groups = rank.groups(shapes(rank.model()));
    List<Map<String, Shape>> dense = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      if (!experts.isExpert(i)) {
        dense.add(groups.get(i));
      }
    }
    return ParameterAssembly.of(rank.model(), dense, rank.dense(groups, experts), rank.frozen());
  }

  private List<CheckpointParameter> joined(List<List<CheckpointParameter>> lists)
      throws CorruptFileException {
    return lists.size() == 1
        ? lists.get(0)
        : TensorParallel.join(lists, rules, ranks.get(0).model().file());
  }

  private void requireRules() throws CorruptFileException {
    if (rules == null) {
      throw DeepSpeedRefusal.NO_TENSOR_RULES.of(
          folder.path(), "ranks", Integer.toString(ranks.size()));
    }
  }

  /** Under ZeRO-3 the modules have placeholders. */
  private void requireModules() throws CorruptFileException {
    for (ModelRank rank : ranks) {
      if (rank.model().file().getFileName().toString().startsWith("zero_pp_rank_")) {
        throw DeepSpeedRefusal.NO_MASTERS.of(folder.path());
      }
    }
  }

  /** Returns one content of what several ranks have the same of. */
  static Content replicas(String name, Shape shape, List<Content> contents, Path file)
      throws CorruptFileException {
    return BoxesContent.of(
        "parameter=" + Printable.of(name) + ", file=" + file,
        shape,
        contents.stream()
            .map(content -> new BoxesContent.Piece(Box.whole(shape), content))
            .toList());
  }
}
