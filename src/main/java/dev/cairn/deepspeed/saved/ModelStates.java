package dev.cairn.deepspeed.saved;

import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one rank's model states say that a conversion needs.
 *
 * @param file where they were read
 * @param module the state dict: buffers and, under ZeRO-1 and -2, parameters; placeholders of no
 *     elements under ZeRO-3
 * @param bufferNames names in {@code module} that are buffers
 * @param groups trainable parameters by optimizer group, in the order of the flat masters
 * @param frozenShapes frozen parameters with their whole shapes; empty where the save left them out
 * @param isFrozenNone whether the file has the fields of frozen parameters, and None in them
 * @param stage ZeRO stage; 0 where the file does not say
 * @param frozenFragments what this rank holds of each
 * @param sharedNames name of a tied parameter to the name under which it is stored
 * @param version DeepSpeed's version, null where the file does not say
 * @param parallelism how the model was spread over ranks
 * @param masters F32 weights without names, as saves without ZeRO have them, by optimizer group
 * @param identity counters that every rank of one save must agree on
 */
public record ModelStates(
    Path file,
    Map<String, StoredTensor> module,
    Set<String> bufferNames,
    List<Map<String, Shape>> groups,
    Map<String, Shape> frozenShapes,
    Map<String, StoredTensor> frozenFragments,
    boolean isFrozenNone,
    int stage,
    Map<String, String> sharedNames,
    String version,
    Parallelism parallelism,
    List<List<StoredTensor>> masters,
    Map<String, String> identity) {
  private static final List<String> IDENTITY =
      List.of(
          "ds_version",
          "global_steps",
          "global_samples",
          "skipped_steps",
          "dp_world_size",
          "mp_world_size");

  /**
   * Reads the file.
   *
   * @param first whether this is rank 0's: the other ranks' modules repeat it and are passed over
   */
  public static ModelStates read(Path file, boolean first) throws IOException {
    try (TorchFile archive = TorchFile.open(file)) {
      TorchTensors types = new TorchTensors(file);
      Dictionary root = types.dictionary(archive.root(), "model states file");
      ModelStatesReader reader = new ModelStatesReader(archive, types, root);
      Parallelism parallelism = Parallelism.of(root, file);
      Map<String, StoredTensor> module = first ? reader.tensors("module") : Map.of();
      return new ModelStates(
          file,
          module,
          first ? reader.names("buffer_names") : Set.of(),
          reader.groups(),
          reader.shapes(root.get("frozen_param_shapes"), "frozen_param_shapes"),
          reader.tensors("frozen_param_fragments"),
          reader.isFrozenNone(),
          reader.stage(),
          first ? parallelism.shared(reader.sharedNames(), module.keySet()) : Map.of(),
          root.get("ds_version") instanceof String version ? version : null,
          parallelism,
          first ? ModelStatesReader.masters(root.get("optimizer"), archive, types) : List.of(),
          identity(root));
    }
  }

  /** Returns the states of a save that has no such file. */
  public static ModelStates of(Path file, Map<String, StoredTensor> module) {
    return new ModelStates(
        file,
        module,
        Set.of(),
        List.of(),
        Map.of(),
        Map.of(),
        false,
        0,
        Map.of(),
        null,
        Parallelism.NONE,
        List.of(),
        Map.of());
  }

  /** Returns the same with other trainable parameters. */
  ModelStates withGroups(List<Map<String, Shape>> others) {
    return new ModelStates(
        file,
        module,
        bufferNames,
        others,
        frozenShapes,
        frozenFragments,
        isFrozenNone,
        stage,
        sharedNames,
        version,
        parallelism,
        masters,
        identity);
  }

  /** Returns the same with another state dict and tied names. */
  ModelStates withModule(Map<String, StoredTensor> other, Map<String, String> shared) {
    return new ModelStates(
        file,
        other,
        bufferNames,
        groups,
        frozenShapes,
        frozenFragments,
        isFrozenNone,
        stage,
        shared,
        version,
        parallelism,
        masters,
        identity);
  }

  /** Returns the dtype that the live engine held most weights in. */
  public DType heldDType() {
    return module.entrySet().stream()
        .filter(entry -> !bufferNames.contains(entry.getKey()))
        .map(entry -> entry.getValue().dtype())
        .filter(DType::isCastable)
        .findFirst()
        .orElse(DType.F32);
  }

  /** Returns whether a name is tied to one that the save does not have. */
  boolean lacksWhatOthersAreTiedTo() {
    return !module.isEmpty()
        && !parallelism.hasExperts() // which have files of their own
        && sharedNames.values().stream()
            .anyMatch(
                name ->
                    !module.containsKey(name)
                        && groups.stream().noneMatch(group -> group.containsKey(name)));
  }

  /** Returns how many data-parallel ranks wrote the save; 1 where the file does not say. */
  public int ranks() {
    String ranks = identity.get("dp_world_size");
    return ranks != null && ranks.matches("[1-9]\\d{0,5}") ? Integer.parseInt(ranks) : 1;
  }

  private static Map<String, String> identity(Dictionary root) {
    Map<String, String> identity = new LinkedHashMap<>();
    for (String key : IDENTITY) {
      Object value = root.get(key);
      if (value instanceof Long || value instanceof String) {
        identity.put(key, Printable.of(value.toString()));
      }
    }
    return identity;
  }

  /**
   * Checks that another rank's file belongs to the same save.
   *
   * @throws CorruptFileException if a counter, the parameters or their shapes differ
   */
  void requireSameSave(ModelStates other) throws CorruptFileException {
    requireSameRun(other);
    String difference = null;
    if (!inOrder(groups).equals(inOrder(other.groups))) {
      difference = "its param_shapes differ";
    } else if (!frozenShapes.equals(other.frozenShapes)) {
      difference = "its frozen_param_shapes differ";
    }
    if (difference != null) {
      throw DeepSpeedRefusal.MIXED.of(
          other.file, "difference", difference + ", compared with " + file);
    }
  }

  /**
   * Checks that another model rank's file belongs to the same save.
   *
   * @throws CorruptFileException if a counter differs
   */
  void requireSameRun(ModelStates other) throws CorruptFileException {
    for (Map.Entry<String, String> entry : identity.entrySet()) {
      String value = other.identity.get(entry.getKey());
      if (!entry.getValue().equals(value)) {
        throw DeepSpeedRefusal.MIXED.of(
            other.file,
            "difference",
            entry.getKey()
                + "="
                + value
                + ", expected "
                + entry.getValue()
                + ", compared with "
                + file);
      }
    }
  }

  /** Returns what is compared: maps alone would not see another order. */
  private static List<Object> inOrder(List<Map<String, Shape>> groups) {
    List<Object> entries = new ArrayList<>();
    for (Map<String, Shape> group : groups) {
      entries.add(List.copyOf(group.entrySet()));
    }
    return entries;
  }
}
