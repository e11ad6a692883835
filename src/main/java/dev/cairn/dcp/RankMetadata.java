package dev.cairn.dcp;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The metadata of a save in which no rank spoke for all, {@code use_collectives=False}: each says
 * in {@code __K.metadata} what it has itself. What they say of one tensor is put together; what
 * several of them have is compared when it is read.
 */
final class RankMetadata {
  private static final Pattern NAME = Pattern.compile("__(\\d{1,7})\\.metadata");

  private RankMetadata() {}

  /**
   * Returns the files in the order of the ranks; none if the folder is of another save.
   *
   * @throws CorruptFileException if one of them is missing
   */
  static List<Path> list(Path folder) throws IOException {
    return NumberedFiles.list(folder, NAME, 0, "__%d.metadata"::formatted);
  }

  /**
   * Returns the tensors of all ranks, in the order in which the first of them has each.
   *
   * @throws CorruptFileException if ranks describe one tensor differently
   */
  static List<DescribedTensor> read(List<Path> files) throws IOException {
    Map<List<String>, DescribedTensor> tensors = new LinkedHashMap<>();
    Map<List<String>, List<StoredPiece>> pieces = new HashMap<>();
    for (Path file : files) {
      for (DescribedTensor tensor : MetadataReader.read(file)) {
        DescribedTensor known = tensors.putIfAbsent(tensor.path(), tensor);
        if (known != null) {
          requireSame(known, tensor, file);
        }
        pieces.computeIfAbsent(tensor.path(), key -> new ArrayList<>()).addAll(tensor.pieces());
      }
    }
    return tensors.values().stream().map(one -> one.with(pieces.get(one.path()))).toList();
  }

  private static void requireSame(DescribedTensor known, DescribedTensor other, Path file)
      throws CorruptFileException {
    if (known.dtype() != other.dtype() || !known.shape().equals(other.shape())) {
      throw new CorruptFileException(
          "ranks describe a tensor differently: tensor="
              + Printable.of(other.name())
              + ", dtype="
              + other.dtype()
              + ", shape="
              + other.shape()
              + ", expected "
              + known.dtype()
              + " "
              + known.shape()
              + ", file="
              + file
              + "; files of two saves");
    }
  }
}
