package dev.cairn.tensor;

/**
 * An element type of a safetensors file.
 *
 * <p>The constants stand in the order in which the reference library sorts tensors of one file: by
 * dtype, first constant first, then by name. {@link #name()} is the name that the file's header
 * uses.
 *
 * @see <a
 *     href="https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs">safetensors,
 *     tensor.rs, Dtype</a>
 */
public enum DType {
  /** Unsigned 64-bit integer. */
  U64(64),
  /** Signed 64-bit integer. */
  I64(64),
  /** IEEE 754 double. */
  F64(64),
  /** Complex number of two F32. */
  C64(64),
  /** IEEE 754 single. */
  F32(32),
  /** Unsigned 32-bit integer. */
  U32(32),
  /** Signed 32-bit integer. */
  I32(32),
  /** The upper half of an F32. */
  BF16(16),
  /** IEEE 754 half. */
  F16(16),
  /** Unsigned 16-bit integer. */
  U16(16),
  /** Signed 16-bit integer. */
  I16(16),
  /** 8-bit float, 5 exponent bits, no infinities, unsigned zero. */
  F8_E5M2FNUZ(8),
  /** 8-bit float, 4 exponent bits, no infinities, unsigned zero. */
  F8_E4M3FNUZ(8),
  /** 8-bit power of two, a scale. */
  F8_E8M0(8),
  /** 8-bit float, 4 exponent bits. */
  F8_E4M3(8),
  /** 8-bit float, 5 exponent bits. */
  F8_E5M2(8),
  /** Signed byte. */
  I8(8),
  /** Unsigned byte. */
  U8(8),
  /** 6-bit float, 3 exponent bits. */
  F6_E3M2(6),
  /** 6-bit float, 2 exponent bits. */
  F6_E2M3(6),
  /** 4-bit float. */
  F4(4),
  /** One byte, 0 or 1. */
  BOOL(8);

  private final int bits;

  DType(int bits) {
    this.bits = bits;
  }

  /** {@return the width of one element in bits} */
  public int bits() {
    return bits;
  }

  /**
   * {@return whether the {@code dtype} option of a save casts this type: F64, F32, BF16 and F16}
   */
  public boolean isCastable() {
    return this == F64 || this == F32 || this == BF16 || this == F16;
  }

  /**
   * {@return the bytes that {@code elements} elements take}
   *
   * @param elements 0 or more
   * @throws IllegalArgumentException if the elements do not end on a whole byte
   * @throws ArithmeticException if the count of bits does not fit a long
   */
  public long bytes(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException(
          "negative count: elements=" + elements + ", dtype=" + this);
    }
    if (bits % 8 == 0) {
      return Math.multiplyExact(elements, (long) (bits / 8));
    }
    long totalBits = Math.multiplyExact(elements, (long) bits);
    if (totalBits % 8 != 0) {
      throw new IllegalArgumentException(
          "elements do not end on a byte: elements=" + elements + ", dtype=" + this);
    }
    return totalBits / 8;
  }
}
