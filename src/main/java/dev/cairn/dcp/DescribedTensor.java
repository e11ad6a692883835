package dev.cairn.dcp;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.List;

/**
 * A tensor as the metadata describes it.
 *
 * @param path keys of the dicts that it is in, its own last
 * @param dtype element type
 * @param shape of the whole tensor
 * @param pieces where its boxes are
 */
record DescribedTensor(List<String> path, DType dtype, Shape shape, List<StoredPiece> pieces) {
  /** Returns the same tensor in other boxes. */
  DescribedTensor with(List<StoredPiece> otherPieces) {
    return new DescribedTensor(path, dtype, shape, otherPieces);
  }

  /** Returns its name in the dict that it is in. */
  String name() {
    return path.get(path.size() - 1);
  }

  /** Returns the keys of the dicts around it. */
  List<String> section() {
    return path.subList(0, path.size() - 1);
  }
}
