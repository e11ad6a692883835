package dev.cairn.io;

import dev.cairn.tensor.DType;
import java.nio.file.Path;

/**
 * Elements of one parameter that lie evenly spaced in one file of a checkpoint.
 *
 * @param file the file
 * @param fileOffset byte where element {@code beginElement} begins
 * @param strideBytes distance from one element to the next; the width of {@code dtype} when they
 *     are contiguous, 0 when one stored element stands for all
 * @param dtype element type in the file, little endian
 * @param beginElement first element, counted row-major in the whole parameter
 * @param endElement element after the last
 */
public record SourceRange(
    Path file, long fileOffset, long strideBytes, DType dtype, long beginElement, long endElement) {

  /** {@return how many elements there are} */
  public long elements() {
    return endElement - beginElement;
  }

  /** {@return whether the elements are one run of bytes, as all of a flat partition's are} */
  public boolean isContiguous() {
    return strideBytes == dtype.bits() / 8;
  }

  /** {@return the bytes of the elements themselves, holes between them not counted} */
  public long lengthBytes() {
    return dtype.bytes(elements());
  }

  /**
   * {@return the same bytes, as elements of another tensor}
   *
   * @param elements how much later they come in it
   */
  public SourceRange moved(long elements) {
    return elements == 0
        ? this
        : new SourceRange(
            file, fileOffset, strideBytes, dtype, beginElement + elements, endElement + elements);
  }

  /**
   * {@return some elements of this range}
   *
   * @param first counted from the range's first
   * @param count how many
   */
  public SourceRange part(long first, long count) {
    return new SourceRange(
        file,
        fileOffset + first * strideBytes,
        strideBytes,
        dtype,
        beginElement + first,
        beginElement + first + count);
  }

  /** Receives ranges in the order of their elements. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Takes the next range.
     *
     * @param range not empty; begins where the one before ended
     * @throws java.io.IOException if what the visitor does with it fails
     */
    void visit(SourceRange range) throws java.io.IOException;
  }
}
