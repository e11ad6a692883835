package dev.cairn.layout;

/**
 * A run of elements of a row-major flattened parameter.
 *
 * @param begin first element
 * @param end the element after the last one, at least {@code begin}
 */
public record ElementRange(long begin, long end) {
  /**
   * Checks the range.
   *
   * @param begin 0 or more
   * @param end at least {@code begin}
   * @throws IllegalArgumentException if it begins before 0 or ends before it begins
   */
  public ElementRange {
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException("bad element range: begin=" + begin + ", end=" + end);
    }
  }

  /** {@return how many elements there are} */
  public long elements() {
    return end - begin;
  }

  /**
   * {@return the elements that are in both, an empty range if none is}
   *
   * @param other of the same parameter
   */
  public ElementRange common(ElementRange other) {
    long commonBegin = Math.max(begin, other.begin);
    return new ElementRange(commonBegin, Math.max(commonBegin, Math.min(end, other.end)));
  }

  /** {@return whether there are none} */
  public boolean isEmpty() {
    return begin == end;
  }

  @Override
  public String toString() {
    return "[" + begin + "," + end + ")";
  }
}
