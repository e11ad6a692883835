package dev.cairn.gpu;

import dev.cairn.tensor.DType;

/**
 * A run of elements in the memory of a GPU, and what they are to become.
 *
 * @param from the dtype they are held in
 * @param address of the first one, a multiple of its size
 * @param to the same type, or one that {@code from} is cast to
 * @param elements how many
 */
public record DeviceRun(DType from, long address, DType to, long elements) {
  /** Returns the bytes that the elements become. */
  long lengthBytes() {
    return to.bytes(elements);
  }

  /** Returns {@code count} elements from the element {@code first} on. */
  DeviceRun part(long first, long count) {
    return new DeviceRun(from, address + from.bytes(first), to, count);
  }

  /** Returns how many elements of the result fit: those of less than a byte end on a byte. */
  long fitting(long roomBytes) {
    long fit = roomBytes * 8 / to.bits();
    return to.bits() % 8 == 0 ? fit : fit - fit % 8;
  }
}
