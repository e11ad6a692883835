package dev.cairn.torchfile;

import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import dev.cairn.input.Printable;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The tensors of a model that torch wrote: one file, or an index and its shards. Their bytes stay
 * where they are. Immutable; any thread.
 *
 * @param root the folder that holds the files
 * @param files names of the files, relative to it
 * @param tensors by name, in the files' order
 * @param notes what was passed over or chosen, for people
 */
public record TorchModel(
    Path root, List<String> files, Map<String, StoredTensor> tensors, List<String> notes) {
  /** What transformers writes without safetensors, and PEFT. */
  private static final List<String> SINGLE = List.of("pytorch_model.bin", "adapter_model.bin");

  private static final String INDEX = "pytorch_model.bin.index.json";
  private static final int MAX_INDEX_BYTES = 64 << 20;

  /**
   * Opens a torch file, or a folder with {@code pytorch_model.bin}, its index, or {@code
   * adapter_model.bin}.
   *
   * @throws CorruptFileException if a file is missing, damaged or no torch file, or a tensor is in
   *     two files and not the same
   */
  public static TorchModel open(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      Path folder = path.toAbsolutePath().getParent();
      return read(folder, List.of(String.valueOf(path.getFileName())));
    }
    for (String name : SINGLE) {
      if (Files.exists(path.resolve(name))) {
        return read(path, List.of(name));
      }
    }
    ShardIndex index = index(path);
    TorchModel model = read(path, shards(path, index));
    List<String> gone = new ArrayList<>(new TreeSet<>(index.weightMap().keySet()));
    gone.removeAll(model.tensors().keySet());
    if (!gone.isEmpty()) {
      model
          .notes()
          .add(
              "%s names what is in no file: %d tensors, first %s"
                  .formatted(INDEX, gone.size(), Printable.of(gone.get(0))));
    }
    return model;
  }

  private static TorchModel read(Path root, List<String> files) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    for (String file : files) {
      StateDict dict = StateDict.read(root.resolve(file));
      if (!dict.key().isEmpty()) {
        notes.add("taking what " + file + " has under " + dict.key());
      }
      if (!dict.others().isEmpty()) {
        notes.add(
            file
                + " has besides what is no named tensor: "
                + Printable.of(dict.others().toString()));
      }
      for (Map.Entry<String, StoredTensor> entry : dict.tensors().entrySet()) {
        StoredTensor other = tensors.put(entry.getKey(), entry.getValue());
        if (other != null) {
          throw new CorruptFileException(
              "tensor is in two files: tensor="
                  + Printable.of(entry.getKey())
                  + ", files "
                  + other.file()
                  + " and "
                  + entry.getValue().file());
        }
      }
    }
    return new TorchModel(root, files, tensors, notes);
  }

  private static ShardIndex index(Path root) throws IOException {
    Path file = root.resolve(INDEX);
    Links.requireReadable(file);
    try (InputStream stream = Files.newInputStream(file)) {
      byte[] bytes = stream.readNBytes(MAX_INDEX_BYTES + 1);
      if (bytes.length > MAX_INDEX_BYTES) {
        throw new CorruptFileException(
            "index too long: expected at most " + MAX_INDEX_BYTES + " bytes, file=" + file);
      }
      return ShardIndex.parse(bytes, file.toString());
    }
  }

  /** Returns the files that the index names, in the order of their names. */
  private static List<String> shards(Path root, ShardIndex index) throws IOException {
    Path file = root.resolve(INDEX);
    List<String> shards = new ArrayList<>(new TreeSet<>(index.weightMap().values()));
    if (shards.isEmpty()) {
      throw new CorruptFileException("index names no file: file=" + file);
    }
    for (String shard : shards) {
      if (!Files.isRegularFile(root.resolve(shard))) {
        throw InputRefusal.MISSING_SHARD.of(
            file, "shard", shard, "count", Integer.toString(shards.size()));
      }
    }
    return shards;
  }

  /**
   * Returns the names that share another one's tensor, with that one, which comes first in the
   * file: what the trainer held once.
   */
  public Map<String, String> aliases() {
    Map<List<Object>, String> first = new LinkedHashMap<>();
    Map<String, String> aliases = new LinkedHashMap<>();
    tensors.forEach(
        (name, stored) -> {
          TensorRef view = stored.tensor();
          List<Object> key =
              List.of(
                  stored.file(),
                  view.storageKey(),
                  view.elementOffset(),
                  view.shape(),
                  view.strides());
          String other = first.putIfAbsent(key, name);
          if (other != null) {
            aliases.put(name, other);
          }
        });
    return aliases;
  }
}
