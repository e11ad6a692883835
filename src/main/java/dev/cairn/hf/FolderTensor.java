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
  /** {@return the tensor's name} */
  public String name() {
    return entry.name();
  }

  /** {@return the element type} */
  public DType dtype() {
    return entry.dtype();
  }

  /** {@return the dimensions} */
  public Shape shape() {
    return entry.shape();
  }

  /** {@return the bytes that the tensor's data takes} */
  public long lengthBytes() {
    return entry.lengthBytes();
  }
}
