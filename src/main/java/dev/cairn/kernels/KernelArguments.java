package dev.cairn.kernels;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/** What every implementation refuses, checked before any work. */
final class KernelArguments {
  private KernelArguments() {}

  static void checkCast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements) {
    if (from != to && !(from.isCastable() && to.isCastable() && to != DType.F64)) {
      throw new IllegalArgumentException(
          "no such cast: from="
              + from
              + ", to="
              + to
              + ", expected F64, F32, BF16 or F16 to F32, BF16 or F16");
    }
    checkRange("source", source, from, elements);
    checkRange("target", target, to, elements);
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("target of a cast is read-only: to=" + to);
    }
  }

  static void checkChecksum(ByteBuffer source, int lengthBytes) {
    checkRange("source", source, DType.U8, lengthBytes);
  }

  static void checkProduct(
      DType dtype,
      ByteBuffer tile,
      long first,
      int elements,
      int columns,
      ByteBuffer left,
      ByteBuffer panels,
      int rank) {
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("no product is added to this dtype: dtype=" + dtype);
    }
    if (first < 0 || elements < 0 || columns < 1 || rank < 1) {
      throw new IllegalArgumentException(
          "bad product: first=%d, elements=%d, columns=%d, rank=%d"
              .formatted(first, elements, columns, rank));
    }
    long rows = (Math.addExact(first, elements) + columns - 1) / columns;
    checkRange("tile", tile, dtype, elements);
    checkRange("left", left, DType.F32, Math.multiplyExact(rows, (long) rank));
    checkRange(
        "panels",
        panels,
        DType.F32,
        Math.multiplyExact(Kernels.panelColumns(columns), (long) rank));
  }

  static void checkDirect(String role, ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException(
          role + " buffer of a native kernel is on the heap, expected a direct one");
    }
  }

  private static void checkRange(String role, ByteBuffer buffer, DType dtype, long elements) {
    long lengthBytes = dtype.bytes(elements);
    if (lengthBytes > buffer.remaining()) {
      throw new IllegalArgumentException(
          role
              + " buffer too small: remainingBytes="
              + buffer.remaining()
              + ", expected at least "
              + lengthBytes
              + " (elements="
              + elements
              + ", dtype="
              + dtype
              + ")");
    }
  }
}
