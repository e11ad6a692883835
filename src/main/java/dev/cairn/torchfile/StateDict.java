package dev.cairn.torchfile;

import dev.cairn.input.InputRefusal;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Inert;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The named tensors of one torch file.
 *
 * @param file where they lie
 * @param key under which key of the file, such as {@code state_dict}; empty where the file is
 *     nothing else
 * @param tensors by name, in the file's order
 * @param others names of what is no tensor, and was passed over
 */
public record StateDict(
    Path file, String key, Map<String, StoredTensor> tensors, List<String> others) {
  /** Where trainers put a model's tensors among other things; the first that is there counts. */
  private static final List<String> KEYS =
      List.of("state_dict", "model_state_dict", "model", "module");

  private static final int MAX_LEVELS = 4;
  private static final int SHOWN_KEYS = 8;

  /**
   * Reads what a file says of its tensors; their bytes stay where they are.
   *
   * @throws CorruptFileException if it is no torch file, or has no named tensors
   */
  public static StateDict read(Path file) throws IOException {
    try (TorchFile archive = TorchFile.open(file)) {
      TorchTensors types = new TorchTensors(file);
      Object root = archive.root();
      if (root instanceof Inert made) {
        throw InputRefusal.WHOLE_OBJECT.of(file, "class", Printable.of(made.global().fullName()));
      }
      Dictionary found = types.dictionary(root, "root of the file");
      List<String> path = new ArrayList<>();
      for (int level = 0; level < MAX_LEVELS; level++) {
        String key = inner(found);
        if (key == null) {
          break;
        }
        path.add(key);
        found = (Dictionary) found.get(key);
      }
      return of(archive, types, String.join(".", path), found);
    }
  }

  /** Returns the key under which a model's tensors are, or null where they are here. */
  private static String inner(Dictionary dictionary) {
    for (String key : KEYS) {
      if (dictionary.get(key) instanceof Dictionary) {
        return key;
      }
    }
    return null;
  }

  private static StateDict of(
      TorchFile archive, TorchTensors types, String key, Dictionary dictionary) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    List<String> others = new ArrayList<>();
    for (Map.Entry<Object, Object> entry : dictionary.entries().entrySet()) {
      String name = String.valueOf(entry.getKey());
      if (!(entry.getKey() instanceof String) || !TorchTensors.isTensor(entry.getValue())) {
        others.add(Printable.of(name));
        continue;
      }
      String what = "tensor " + Printable.of(name);
      tensors.put(name, StoredTensor.locate(archive, types.tensor(entry.getValue(), what), what));
    }
    if (tensors.isEmpty()) {
      List<String> shown = others.subList(0, Math.min(others.size(), SHOWN_KEYS));
      throw InputRefusal.NO_TENSORS.of(
          types.file(), "names", shown.isEmpty() ? "nothing" : String.join(", ", shown));
    }
    refusePlaceholders(types.file(), tensors);
    return new StateDict(types.file(), key, tensors, others);
  }

  /** Under ZeRO-3 a state dict that was not gathered has names and no elements. */
  private static void refusePlaceholders(Path file, Map<String, StoredTensor> tensors)
      throws CorruptFileException {
    long empty = tensors.values().stream().filter(tensor -> tensor.elements() == 0).count();
    if (2 * empty > tensors.size()) {
      throw InputRefusal.PLACEHOLDERS.of(
          file, "empty", Long.toString(empty), "count", Integer.toString(tensors.size()));
    }
  }
}
