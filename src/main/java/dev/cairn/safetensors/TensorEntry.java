package dev.cairn.safetensors;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;

/**
 * A tensor of a file: what it is and where its data lies. {@link Header} makes and checks them.
 *
 * @param name the name in the header
 * @param dtype the element type
 * @param shape the dimensions; none for a scalar
 * @param beginByte the first byte, counted from the data start (not the file's)
 * @param endByte the byte after the last
 */
public record TensorEntry(String name, DType dtype, Shape shape, long beginByte, long endByte) {
  /** {@return what it is, short of where its data lies} */
  public TensorInfo info() {
    return new TensorInfo(name, dtype, shape);
  }

  /** {@return the bytes that the tensor's data takes} */
  public long lengthBytes() {
    return endByte - beginByte;
  }
}
