package dev.cairn.deepspeed.saved;

import dev.cairn.content.Content;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the files of one model rank hold: of a whole model where there is one such rank, else of its
 * slices or its stage.
 *
 * @param number the number after {@code mp_rank_}
 * @param model its first rank's model states
 * @param optimizers optimizer states of every data-parallel rank, in order; none without ZeRO
 * @param frozen the frozen parameters
 */
public record ModelRank(
    int number, ModelStates model, List<OptimizerStates> optimizers, Map<String, Content> frozen) {

  /**
   * Reads the metadata of the files and checks them against each other.
   *
   * @param shared the tied names, which only the first rank of all writes; null for its own
   */
  public static ModelRank read(TagFolder folder, RankFiles files, Map<String, String> shared)
      throws IOException {
    if (files.modelStates().isEmpty()) {
      throw DeepSpeedRefusal.NO_STATES.of(folder.path());
    }
    ModelStates model = ModelStates.read(files.modelStates().firstEntry().getValue(), true);
    if (shared != null) {
      model = model.withModule(model.module(), shared);
    }
    if (files.optimizerStates().isEmpty()) {
      int fragments = files.modelStatesPerRank() ? files.modelStates().size() : 1;
      return new ModelRank(files.modelRank(), model, List.of(), frozen(files, model, fragments));
    }
    List<OptimizerStates> optimizers = optimizers(files);
    int worldSize = optimizers.get(0).worldSize();
    OptimizerStates first = optimizers.get(0);
    requireSame("ds_version", first.version(), model.version(), model.file(), first.file());
    Map<String, Content> frozen = frozen(files, model, worldSize);
    refuseOffloaded(folder, optimizers);
    return new ModelRank(files.modelRank(), model, optimizers, frozen);
  }

  private static List<OptimizerStates> optimizers(RankFiles files) throws IOException {
    OptimizerStates first = OptimizerStates.read(files.optimizerStates().firstEntry().getValue());
    files.requireRanks(first.worldSize());
    requireLayout(files, first);
    List<OptimizerStates> optimizers = new ArrayList<>();
    for (Path file : files.optimizerStates().values()) {
      OptimizerStates states = optimizers.isEmpty() ? first : OptimizerStates.read(file);
      requireSameSave(first, states);
      optimizers.add(states);
    }
    return optimizers;
  }

  private static Map<String, Content> frozen(RankFiles files, ModelStates model, int worldSize)
      throws IOException {
    FrozenContents frozen =
        new FrozenContents(model.frozenShapes(), files.modelStatesPerRank(), worldSize);
    for (Map.Entry<Integer, Path> entry : files.modelStates().entrySet()) {
      int rank = entry.getKey();
      boolean isFirst = entry.getValue().equals(model.file());
      ModelStates states = isFirst ? model : ModelStates.read(entry.getValue(), false);
      model.requireSameSave(states);
      frozen.add(rank, states);
    }
    return frozen.contents();
  }

  /** With an optimizer on NVMe DeepSpeed copies its swap files, which do not say what is where. */
  private static void refuseOffloaded(TagFolder folder, List<OptimizerStates> ranks)
      throws CorruptFileException {
    boolean isEmpty =
        ranks.stream()
            .flatMap(rank -> rank.flatGroups().stream())
            .allMatch(group -> group.elements() == 0);
    if (isEmpty && Files.isDirectory(folder.path().resolve("offloaded_tensors"))) {
      throw DeepSpeedRefusal.OFFLOADED.of(folder.path());
    }
  }

  private static void requireLayout(RankFiles files, OptimizerStates first)
      throws CorruptFileException {
    if (files.modelStatesPerRank() != (first.stage() == 3)) {
      throw DeepSpeedRefusal.MIXED.of(
          files.modelStates().firstEntry().getValue(),
          "difference",
          "zero_stage="
              + first.stage()
              + ", expected model states "
              + (first.stage() == 3 ? "of every rank" : "of rank 0 alone")
              + ", compared with "
              + first.file());
    }
  }

  private static void requireSameSave(OptimizerStates first, OptimizerStates other)
      throws CorruptFileException {
    requireSame("zero_stage", first.stage(), other.stage(), other.file(), first.file());
    requireSame(
        "partition_count",
        first.partitionCounts(),
        other.partitionCounts(),
        other.file(),
        first.file());
    requireSame("ds_version", first.version(), other.version(), other.file(), first.file());
    requireSame("step", first.step(), other.step(), other.file(), first.file());
  }

  private static void requireSame(
      String what, Object expected, Object actual, Path file, Path other)
      throws CorruptFileException {
    if (expected != null && actual != null && !expected.equals(actual)) {
      throw DeepSpeedRefusal.MIXED.of(
          file,
          "difference",
          what
              + "="
              + Printable.of(actual.toString())
              + ", expected "
              + Printable.of(expected.toString())
              + ", compared with "
              + other);
    }
  }

  /** Checks that another model rank's files belong to the same save. */
  public void requireSameRun(ModelRank other) throws CorruptFileException {
    model.requireSameRun(other.model);
    if (optimizers.isEmpty() != other.optimizers.isEmpty()) {
      throw DeepSpeedRefusal.NO_MASTERS_OF_SOME.of(
          (optimizers.isEmpty() ? model : other.model).file().toAbsolutePath().getParent(),
          "rank",
          Integer.toString(optimizers.isEmpty() ? number : other.number));
    }
    if (!optimizers.isEmpty()) {
      requireSameSave(optimizers.get(0), other.optimizers.get(0));
    }
  }

  /** Returns the ZeRO stage; 0 where weights are not partitioned. */
  public int stage() {
    return optimizers.isEmpty() ? 0 : optimizers.get(0).stage();
  }

  /**
   * Returns whether the frozen parameters were left out, for certain. From ZeRO-2 on DeepSpeed
   * describes them, by an empty dict if there are none, unless it was told
   * exclude_frozen_parameters. Below, only a tied name tells whose tensor is not there.
   *
   * @see <a
   *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/runtime/engine.py">DeepSpeed
   *     engine.py, _save_checkpoint and module_state_dict</a>
   */
  public boolean leavesFrozenOut() {
    return model.isFrozenNone()
        && (stage() >= 2 || model.stage() >= 2 || model.lacksWhatOthersAreTiedTo());
  }

  /**
   * Returns the trainable parameters by optimizer group.
   *
   * @param shapes of the parameters, where no {@code param_shapes} say them and only the optimizer
   *     knows their order
   */
  public List<Map<String, Shape>> groups(Map<String, Shape> shapes) throws CorruptFileException {
    if (!model.groups().isEmpty() || optimizers.isEmpty()) {
      return model.groups();
    }
    List<Map<String, Shape>> groups = new ArrayList<>();
    for (OptimizerStates rank : optimizers) {
      for (int i = 0; i < rank.slices().size(); i++) {
        if (groups.size() == i) {
          groups.add(new LinkedHashMap<>());
        }
        for (String name : rank.slices().get(i).keySet()) {
          Shape shape = shapes.get(name);
          if (shape == null) {
            throw new CorruptFileException(
                "shape of a master is not known: parameter="
                    + Printable.of(name)
                    + ", expected a tensor of that name in the model states, file="
                    + rank.file());
          }
          groups.get(i).put(name, shape);
        }
      }
    }
    return groups;
  }

  /**
   * Returns the masters of trainable parameters that every data-parallel rank has a part of.
   *
   * @param groups all groups
   * @param experts which of them are of experts
   */
  public Map<String, Content> dense(List<Map<String, Shape>> groups, ExpertGroups experts)
      throws CorruptFileException {
    boolean[] chosen = new boolean[groups.size()];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = !experts.isExpert(i);
    }
    return TrainableContents.of(optimizers, groups, experts.sharers(optimizers.size()), chosen);
  }
}
