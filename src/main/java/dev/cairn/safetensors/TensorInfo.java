package dev.cairn.safetensors;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;

/**
 * A tensor to be written: what a file says of it, short of where it lies.
 *
 * @param name not empty, not {@code __metadata__}, well-formed Unicode
 * @param dtype the saved element type
 * @param shape the dimensions; none for a scalar
 */
public record TensorInfo(String name, DType dtype, Shape shape) {
  /**
   * Checks the name and that the tensor has a length in whole bytes.
   *
   * @param name not empty, not {@code __metadata__}, well-formed Unicode
   * @param dtype the saved element type
   * @param shape the dimensions
   * @throws IllegalArgumentException if it has not; the message names the tensor
   */
  public TensorInfo {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("empty tensor name: dtype=" + dtype + ", shape=" + shape);
    }
    if (name.equals(Header.METADATA_KEY)) {
      throw new IllegalArgumentException(
          "reserved tensor name: tensor=" + name + ", expected another name");
    }
    if (!isWellFormed(name)) {
      throw new IllegalArgumentException(
          "tensor name is not well-formed Unicode: tensor=" + escape(name));
    }
    lengthBytes(name, dtype, shape);
  }

  /** {@return the bytes that the tensor's data takes} */
  public long lengthBytes() {
    return dtype.bytes(shape.elements());
  }

  /**
   * By hand, as all that a plan is compared by: a record's own takes a second save 5 ms to link.
   */
  @Override
  public boolean equals(Object other) {
    return other instanceof TensorInfo that
        && dtype == that.dtype
        && name.equals(that.name)
        && shape.equals(that.shape);
  }

  @Override
  public int hashCode() {
    return name.hashCode() * 31 + shape.hashCode();
  }

  private static long lengthBytes(String name, DType dtype, Shape shape) {
    try {
      return dtype.bytes(shape.elements());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "tensor too large: tensor=" + name + ", shape=" + shape + ", dtype=" + dtype, e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage() + ", tensor=" + name, e);
    }
  }

  /** Returns whether {@code text} has no surrogate that lacks its other half. */
  static boolean isWellFormed(String text) {
    for (int at = 0; at < text.length(); at++) {
      if (Character.isSurrogate(text.charAt(at))) { // rare: then each is looked at
        return text.codePoints().noneMatch(TensorInfo::isSurrogate);
      }
    }
    return true;
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** Returns {@code text} with lone surrogates made visible, for messages. */
  static String escape(String text) {
    StringBuilder visible = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (isSurrogate(c)) {
                visible.append("\\u").append(Integer.toHexString(c));
              } else {
                visible.appendCodePoint(c);
              }
            });
    return visible.toString();
  }
}
