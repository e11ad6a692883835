package dev.cairn.torchfile;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;

/**
 * A tensor as its pickle describes it: a strided view of a storage.
 *
 * @param storageKey the storage is zip entry {@code data/<storageKey>}
 * @param storageElements elements that the storage holds, of {@code dtype}
 * @param dtype element type
 * @param elementOffset element of the storage that is the tensor's first
 * @param shape extents, outermost first; no element count overflows
 * @param strides in elements, one per dimension, 0 or more
 */
public record TensorRef(
    String storageKey,
    long storageElements,
    DType dtype,
    long elementOffset,
    Shape shape,
    Strides strides) {

  /** Returns whether the elements lie row-major without holes. */
  public boolean isContiguous() {
    return strides.isContiguous(shape);
  }

  /** Returns whether both are the same view of the same storage. */
  boolean isSameView(TensorRef other) {
    return storageKey.equals(other.storageKey)
        && elementOffset == other.elementOffset
        && shape.equals(other.shape)
        && strides.equals(other.strides);
  }
}
