package dev.cairn.form;

/**
 * A run of elements of one row-major tensor in memory.
 *
 * @param source index of the tensor
 * @param begin first element
 * @param elements how many; 0 of a tensor that has none
 */
public record Run(int source, long begin, long elements) {
  /** {@return the element after the last one} */
  public long end() {
    return begin + elements;
  }

  /** Returns the same run of another tensor. */
  Run of(int tensor) {
    return new Run(tensor, begin, elements);
  }

  boolean continuesWith(Run next) {
    return next.source == source && next.begin == end();
  }
}
