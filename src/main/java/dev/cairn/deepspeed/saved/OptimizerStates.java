package dev.cairn.deepspeed.saved;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TensorRef;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one rank's optimizer states say that a conversion needs.
 *
 * @param file where they were read
 * @param stage 1, 2 or 3; 1 where the file does not say (BF16_Optimizer)
 * @param partitionCounts ranks that share each group; one number for all groups under ZeRO-3
 * @param flatGroups this rank's flat partition of the masters of each group
 * @param version DeepSpeed's version, null where the file does not say
 * @param slices by group, what this rank's partition has of each parameter: the count of elements
 * @param expertRank which experts this rank has, where the file says it; -1 otherwise
 * @param step the optimizer's step count, null where the file does not say
 */
public record OptimizerStates(
    Path file,
    int stage,
    List<Long> partitionCounts,
    List<StoredTensor> flatGroups,
    List<Map<String, Long>> slices,
    int expertRank,
    String version,
    String step) {
  private static final String STATES = "optimizer_state_dict";
  private static final String ZERO3_GROUPS = "fp32_flat_groups";
  private static final String ZERO12_GROUPS = "single_partition_of_fp32_groups";

  /** Reads the file; its large storages stay where they are. */
  public static OptimizerStates read(Path file) throws IOException {
    try (TorchFile archive = TorchFile.open(file)) {
      TorchTensors types = new TorchTensors(file);
      Dictionary root = types.dictionary(archive.root(), "optimizer file");
      Dictionary states = types.dictionary(root.get(STATES), STATES);
      int stage = stage(states, types);
      Sequence groups =
          types.list(
              states.get(stage == 3 ? ZERO3_GROUPS : ZERO12_GROUPS), "masters of the optimizer");
      return new OptimizerStates(
          file,
          stage,
          partitionCounts(states.get("partition_count"), types),
          flatGroups(groups, archive, types),
          slices(states.get("param_slice_mappings"), types),
          expertRank(root.get("folding")),
          version(root, states),
          OptimizerStep.read(states, archive, types));
    }
  }

  /** Decides by the key that holds the masters: BF16_Optimizer writes no stage. */
  private static int stage(Dictionary states, TorchTensors types) throws CorruptFileException {
    Object value = states.get("zero_stage");
    Object number = value instanceof Inert made ? made.argument(0) : value;
    boolean three = states.contains(ZERO3_GROUPS);
    if (three == states.contains(ZERO12_GROUPS)) {
      throw new CorruptFileException(
          "not a ZeRO checkpoint: expected one of "
              + ZERO3_GROUPS
              + " and "
              + ZERO12_GROUPS
              + ", file="
              + types.file());
    }
    long stage = number == null ? (three ? 3 : 1) : types.number(number, "zero_stage");
    if (three ? stage != 3 : stage != 1 && stage != 2) {
      throw new CorruptFileException(
          "ZeRO stage contradicts the layout: zero_stage="
              + stage
              + ", expected "
              + (three ? "3" : "1 or 2")
              + ", file="
              + types.file());
    }
    return (int) stage;
  }

  private static List<Long> partitionCounts(Object value, TorchTensors types)
      throws CorruptFileException {
    List<Long> counts = new ArrayList<>();
    if (value instanceof Sequence list) {
      for (Object count : list.elements()) {
        counts.add(types.number(count, "partition_count"));
      }
    } else {
      counts.add(types.number(value, "partition_count"));
    }
    return counts;
  }

  private static List<StoredTensor> flatGroups(
      Sequence groups, TorchFile archive, TorchTensors types) throws IOException {
    List<StoredTensor> flat = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      String what = "group " + i + " of the masters";
      TensorRef tensor = types.tensor(groups.get(i), what);
      if (!tensor.isContiguous() || !tensor.dtype().isCastable()) {
        throw new CorruptFileException(
            "masters are not flat floating point numbers: "
                + what
                + ", dtype="
                + tensor.dtype()
                + ", shape="
                + tensor.shape()
                + ", strides="
                + tensor.strides()
                + ", file="
                + types.file());
      }
      flat.add(StoredTensor.locate(archive, tensor, what));
    }
    return flat;
  }

  /** Returns what {@code param_slice_mappings} says; nothing where it is absent. */
  private static List<Map<String, Long>> slices(Object value, TorchTensors types)
      throws CorruptFileException {
    List<Map<String, Long>> slices = new ArrayList<>();
    if (!(value instanceof Sequence groups)) {
      return slices;
    }
    for (Object group : groups.elements()) {
      Map<String, Long> elements = new LinkedHashMap<>();
      Dictionary parameters = types.dictionary(group, "param_slice_mappings");
      for (Map.Entry<Object, Object> entry : parameters.entries().entrySet()) {
        if (entry.getKey() instanceof String name
            && entry.getValue() instanceof Inert address
            && address.state() instanceof Dictionary fields
            && fields.get("numel") instanceof Long count
            && count >= 0) {
          elements.put(name, count);
        }
      }
      slices.add(elements);
    }
    return slices;
  }

  /** With AutoEP and tensor parallelism together a file says which experts its rank has. */
  private static int expertRank(Object folding) {
    return folding instanceof Dictionary fields
            && fields.get("ep_rank") instanceof Long rank
            && rank >= 0
            && rank < 1_000_000
        ? rank.intValue()
        : -1;
  }

  private static String version(Dictionary root, Dictionary states) {
    Object version = root.get("ds_version");
    if (!(version instanceof String)) {
      version = states.get("ds_version");
    }
    return version instanceof String text ? text : null;
  }

  /** Returns the data-parallel ranks that the optimizer says there are: experts have fewer. */
  public int worldSize() throws CorruptFileException {
    long most = 0;
    for (long count : partitionCounts) {
      most = Math.max(most, count);
    }
    if (most < 1 || most > 1_000_000) {
      throw new CorruptFileException(
          "world size out of range: partition_count="
              + partitionCounts.subList(0, Math.min(partitionCounts.size(), 16))
              + ", expected 1 to 1000000, file="
              + file);
    }
    return (int) most;
  }
}
