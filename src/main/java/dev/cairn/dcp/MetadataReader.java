package dev.cairn.dcp;

import dev.cairn.input.InputRefusal;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleReader;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes the tensors out of a checkpoint's {@code .metadata}: a pickle of dataclasses, read as data.
 *
 * @see <a
 *     href="https://github.com/pytorch/pytorch/blob/main/torch/distributed/checkpoint/metadata.py">
 *     torch, metadata.py</a>
 */
final class MetadataReader {
  private static final String METADATA = "torch.distributed.checkpoint.metadata";
  private static final String FILESYSTEM = "torch.distributed.checkpoint.filesystem";

  private final Path file;
  private final TorchTensors types;

  /** Where the pieces of a tensor are, by where they begin in it. */
  private final Map<String, Map<List<Long>, Dictionary>> stored = new HashMap<>();

  private MetadataReader(Path file) {
    this.file = file;
    this.types = new TorchTensors(file);
  }

  /**
   * Returns the tensors that a checkpoint says it has, in its order.
   *
   * @throws CorruptFileException if the file is damaged, or of another kind
   */
  static List<DescribedTensor> read(Path file) throws IOException {
    return new MetadataReader(file).tensors(PickleReader.read(file));
  }

  private List<DescribedTensor> tensors(Object root) throws CorruptFileException {
    Dictionary fields = fields(root, METADATA, "Metadata");
    Dictionary places = types.dictionary(fields.get("storage_data"), "storage_data");
    for (Map.Entry<Object, Object> entry : places.entries().entrySet()) {
      Dictionary index = fields(entry.getKey(), METADATA, "MetadataIndex");
      Dictionary place = fields(entry.getValue(), FILESYSTEM, "_StorageInfo");
      Object offset = index.get("offset");
      stored
          .computeIfAbsent(types.text(index.get("fqn"), "fqn"), key -> new HashMap<>())
          .put(offset == null ? List.of() : list(types.shape(offset, "offset")), place);
    }
    Map<String, List<String>> paths = paths(fields.get("planner_data"));
    List<DescribedTensor> tensors = new ArrayList<>();
    Dictionary all = types.dictionary(fields.get("state_dict_metadata"), "state_dict_metadata");
    for (Map.Entry<Object, Object> entry : all.entries().entrySet()) {
      String name = types.text(entry.getKey(), "name in state_dict_metadata");
      if (entry.getValue() instanceof Inert made && made.isOf(METADATA, "TensorStorageMetadata")) {
        List<String> path = paths.getOrDefault(name, List.of(name));
        tensors.add(tensor(name, path, fields(made, METADATA, "TensorStorageMetadata")));
      }
    }
    return tensors;
  }

  private DescribedTensor tensor(String name, List<String> path, Dictionary fields)
      throws CorruptFileException {
    String what = "tensor " + Printable.of(name);
    Object properties = fields.get("properties");
    if (!(properties instanceof Inert made)
        || !made.isOf(METADATA, "TensorProperties")
        || !(made.state() instanceof Sequence state)
        || state.size() == 0) {
      throw new CorruptFileException("tensor without properties: " + what + at());
    }
    DType dtype = types.dtype(state.get(0), what);
    Shape shape = types.shape(fields.get("size"), what);
    List<StoredPiece> pieces = new ArrayList<>();
    for (Object chunk : types.list(fields.get("chunks"), "chunks of " + what).elements()) {
      pieces.add(piece(name, what, fields(chunk, METADATA, "ChunkStorageMetadata")));
    }
    return new DescribedTensor(path, dtype, shape, pieces);
  }

  private StoredPiece piece(String name, String what, Dictionary chunk)
      throws CorruptFileException {
    Shape begins = types.shape(chunk.get("offsets"), what + " offsets");
    Shape extents = types.shape(chunk.get("sizes"), what + " sizes");
    Map<List<Long>, Dictionary> places = stored.getOrDefault(name, Map.of());
    Dictionary place = places.get(list(begins));
    if (place == null) {
      throw new CorruptFileException(
          "piece of a tensor is not stored: " + what + ", offsets=" + begins + at());
    }
    if (place.get("transform_descriptors") instanceof Sequence transforms
        && transforms.size() > 0) {
      throw InputRefusal.TRANSFORMED.of(file, "tensor", name);
    }
    try {
      return new StoredPiece(
          Box.of(begins.toArray(), extents),
          types.text(place.get("relative_path"), "relative_path"),
          types.number(place.get("offset"), "offset"),
          types.number(place.get("length"), "length"));
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage() + ", " + what + at(), e);
    }
  }

  /** The planner says in which dicts a tensor was, whose keys its name has joined by dots. */
  private Map<String, List<String>> paths(Object planner) throws CorruptFileException {
    Map<String, List<String>> paths = new LinkedHashMap<>();
    if (planner instanceof Dictionary names) {
      for (Map.Entry<Object, Object> entry : names.entries().entrySet()) {
        if (entry.getKey() instanceof String name && entry.getValue() instanceof Sequence keys) {
          List<String> path = new ArrayList<>();
          for (Object key : keys.elements()) {
            path.add(key instanceof String text ? text : String.valueOf(key));
          }
          if (!path.isEmpty()) {
            paths.put(name, path);
          }
        }
      }
    }
    return paths;
  }

  private Dictionary fields(Object value, String module, String name) throws CorruptFileException {
    if (value instanceof Inert made
        && made.isOf(module, name)
        && made.state() instanceof Dictionary fields) {
      return fields;
    }
    throw new CorruptFileException(
        "metadata not understood: expected torch's " + name + " with its fields" + at());
  }

  private static List<Long> list(Shape shape) {
    List<Long> list = new ArrayList<>(shape.dimensions());
    for (int i = 0; i < shape.dimensions(); i++) {
      list.add(shape.dimension(i));
    }
    return list;
  }

  private String at() {
    return ", file=" + file;
  }
}
