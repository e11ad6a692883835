package dev.cairn.hf;

import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;

/**
 * A tensor of a model folder.
 *
 * @param file the file that holds it, relative to the folder
 * @param entry where it lies in that file
 */
public record FolderTensor(String file, TensorEntry entry) {
  /** Returns the tensor's name. */
  public String name() {
    return entry.name();
  }

  /** Returns the element type. */
  public DType dtype() {
    return entry.dtype();
  }

  /** Returns the dimensions. */
  public Shape shape() {
    return entry.shape();
  }

  /** Returns the bytes that the tensor's data takes. */
  public long lengthBytes() {
    return entry.lengthBytes();
  }
}
