package dev.cairn.dcp;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.TensorContent;
import dev.cairn.input.Printable;
import dev.cairn.io.SafetensorsFile;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.layout.Box;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The shards of DCP's safetensors writer: every rank's boxes, whose begin each file says in its
 * metadata. No file says a tensor's whole shape; it is as far as its boxes reach, which have to
 * tile it.
 *
 * @see <a
 *     href="https://github.com/pytorch/pytorch/blob/main/torch/distributed/checkpoint/hf_storage.py">
 *     torch, hf_storage.py</a>
 */
final class SafetensorsShards {
  private static final Pattern NAME =
      Pattern.compile("shard-(\\d{1,7})-model-\\d{1,7}-of-\\d{1,7}\\.safetensors");
  private static final String SHARDING = "DCP_SHARDING_INFO";

  private SafetensorsShards() {}

  /** Returns the files; none if the folder is of another save. */
  static List<Path> list(Path folder) throws IOException {
    return NumberedFiles.list(folder, NAME, 1, "shard-%05d-*.safetensors"::formatted);
  }

  static DistributedCheckpoint open(Path folder) throws IOException {
    Map<String, List<BoxesContent.Piece>> pieces = new LinkedHashMap<>();
    List<Path> files = list(folder);
    for (Path file : files) {
      try (SafetensorsFile shard = SafetensorsFile.open(file)) {
        Map<?, ?> begins = begins(shard);
        for (TensorEntry tensor : shard.header().tensors()) {
          pieces
              .computeIfAbsent(tensor.name(), key -> new ArrayList<>())
              .add(piece(tensor, begins, shard.header().dataOffset(), file));
        }
      }
    }
    Map<String, DistributedCheckpoint.Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, List<BoxesContent.Piece>> entry : pieces.entrySet()) {
      String what = "tensor=" + Printable.of(entry.getKey()) + ", folder=" + folder;
      tensors.put(
          entry.getKey(),
          DistributedCheckpoint.Tensor.of(what, whole(what, entry.getValue()), entry.getValue()));
    }
    return new DistributedCheckpoint(folder, files.size(), tensors, 0, Map.of());
  }

  private static Map<?, ?> begins(SafetensorsFile shard) throws CorruptFileException {
    String sharding = shard.header().metadata().get(SHARDING);
    if (sharding == null) {
      throw new CorruptFileException(
          "shard does not say where its tensors begin: expected "
              + SHARDING
              + " in its metadata, file="
              + shard.path());
    }
    return Json.parseObject(sharding.getBytes(StandardCharsets.UTF_8));
  }

  private static BoxesContent.Piece piece(
      TensorEntry tensor, Map<?, ?> begins, long dataOffset, Path file)
      throws CorruptFileException {
    if (!(begins.get(tensor.name()) instanceof Map<?, ?> sharding)
        || !(sharding.get("saved_offsets") instanceof List<?> offsets)) {
      throw new CorruptFileException(
          "shard does not say where a tensor begins: tensor="
              + Printable.of(tensor.name())
              + ", file="
              + file);
    }
    try {
      long[] begin =
          offsets.stream()
              .mapToLong(one -> one instanceof JsonNumber n ? n.longValue() : -1)
              .toArray();
      StoredTensor stored =
          StoredTensor.contiguous(
              file, dataOffset + tensor.beginByte(), tensor.dtype(), tensor.shape());
      return new BoxesContent.Piece(Box.of(begin, tensor.shape()), new TensorContent(stored));
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(
          e.getMessage() + ", tensor=" + Printable.of(tensor.name()) + ", file=" + file, e);
    }
  }

  private static Shape whole(String what, List<BoxesContent.Piece> pieces)
      throws CorruptFileException {
    long[] extents = pieces.get(0).box().extents().toArray();
    for (BoxesContent.Piece piece : pieces) {
      if (piece.box().dimensions() != extents.length) {
        throw new CorruptFileException("pieces have different dimensions: " + what);
      }
      for (int i = 0; i < extents.length; i++) {
        extents[i] = Math.max(extents[i], piece.box().end(i));
      }
    }
    try {
      return Shape.of(extents);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage() + ", " + what, e);
    }
  }
}
