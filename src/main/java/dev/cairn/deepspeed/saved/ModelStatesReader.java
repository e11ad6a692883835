package dev.cairn.deepspeed.saved;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Takes the parts of one model states file out of its pickle's root. */
final class ModelStatesReader {
  private final TorchFile archive;
  private final TorchTensors types;
  private final Dictionary root;

  ModelStatesReader(TorchFile archive, TorchTensors types, Dictionary root) {
    this.archive = archive;
    this.types = types;
    this.root = root;
  }

  /** Returns the tensors of a dict by name; empty where the dict is None or absent. */
  Map<String, StoredTensor> tensors(String key) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<Object, Object> entry : optional(root.get(key), key).entries().entrySet()) {
      String name = types.text(entry.getKey(), "name in " + key);
      if (name.endsWith("_extra_state") && !TorchTensors.isTensor(entry.getValue())) {
        continue; // what a module keeps beside its tensors; never part of a model folder
      }
      String what = key + " of " + Printable.of(name);
      tensors.put(name, StoredTensor.locate(archive, types.tensor(entry.getValue(), what), what));
    }
    return tensors;
  }

  /** Returns whether the field that describes frozen parameters is there, and None. */
  boolean isFrozenNone() {
    String key = "frozen_param_shapes";
    return root.contains(key) && root.get(key) == null;
  }

  /** Returns the ZeRO stage; 0 where the file does not say. */
  int stage() {
    if (types.file().getFileName().toString().startsWith("zero_pp_rank_")) {
      return 3; // only then does every rank write model states
    }
    return root.get("ds_config") instanceof Dictionary config
            && config.get("zero_optimization") instanceof Dictionary zero
            && zero.get("stage") instanceof Long stage
            && (stage == 1 || stage == 2)
        ? stage.intValue()
        : 0;
  }

  private Dictionary optional(Object value, String what) throws CorruptFileException {
    return value == null ? new Dictionary() : types.dictionary(value, what);
  }

  Set<String> names(String key) throws CorruptFileException {
    Set<String> names = new LinkedHashSet<>();
    if (root.get(key) == null) {
      return names;
    }
    for (Object name : types.list(root.get(key), key).elements()) {
      names.add(types.text(name, key));
    }
    return names;
  }

  /** Returns the trainable parameters of every group; older versions wrote one dict for all. */
  List<Map<String, Shape>> groups() throws CorruptFileException {
    List<Map<String, Shape>> groups = new ArrayList<>();
    Object value = root.get("param_shapes");
    if (value == null) {
      return groups; // without ZeRO there are none
    }
    if (value instanceof Dictionary) {
      groups.add(shapes(value, "param_shapes"));
      return groups;
    }
    Set<Object> seen = new LinkedHashSet<>();
    for (Object group : types.list(value, "param_shapes").elements()) {
      Map<String, Shape> shapes = shapes(group, "param_shapes");
      for (String name : shapes.keySet()) {
        if (!seen.add(name)) {
          throw new CorruptFileException(
              "parameter is in two groups: parameter="
                  + Printable.of(name)
                  + ", file="
                  + types.file());
        }
      }
      groups.add(shapes);
    }
    return groups;
  }

  Map<String, Shape> shapes(Object value, String what) throws CorruptFileException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (Map.Entry<Object, Object> entry : optional(value, what).entries().entrySet()) {
      String name = types.text(entry.getKey(), "name in " + what);
      shapes.put(name, types.shape(entry.getValue(), what + " of " + Printable.of(name)));
    }
    return shapes;
  }

  /** Returns the tied names; versions before 0.9 did not write them. */
  Map<String, String> sharedNames() throws CorruptFileException {
    Map<String, String> names = new LinkedHashMap<>();
    Dictionary shared = optional(root.get("shared_params"), "shared_params");
    for (Map.Entry<Object, Object> entry : shared.entries().entrySet()) {
      names.put(
          types.text(entry.getKey(), "name in shared_params"),
          types.text(entry.getValue(), "value in shared_params"));
    }
    return names;
  }

  /**
   * Returns the masters of a save in 16 bit without ZeRO, by group: whole F32 tensors without
   * names; none if the optimizer has no such.
   *
   * @param optimizer the value of that name in a file
   */
  static List<List<StoredTensor>> masters(Object optimizer, TorchFile archive, TorchTensors types)
      throws IOException {
    List<List<StoredTensor>> masters = new ArrayList<>();
    if (!(optimizer instanceof Dictionary states)
        || !(states.get("fp32_groups") instanceof Sequence groups)) {
      return masters;
    }
    for (Object group : groups.elements()) {
      List<StoredTensor> tensors = new ArrayList<>();
      for (Object tensor : types.list(group, "fp32_groups").elements()) {
        String what = "master in fp32_groups";
        tensors.add(StoredTensor.locate(archive, types.tensor(tensor, what), what));
      }
      masters.add(tensors);
    }
    return masters;
  }
}
