package dev.cairn.kernels;

/**
 * The definition of every cast, on the bits of one number; {@code cast.inc.cpp} gives the same.
 *
 * <p>On bits throughout: what Java's own float conversions do to a NaN is left to the machine.
 */
final class FloatBits {
  private static final int F32_INFINITY = 0x7F800000;
  private static final int F32_QUIET = 0x00400000;

  private FloatBits() {}

  static short bf16FromF32(int bits) {
    if ((bits & 0x7FFFFFFF) > F32_INFINITY) {
      return 0x7FC0;
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  static int f32FromBf16(short bits) {
    return bits << 16;
  }

  static short f16FromF32(int bits) {
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7FFFFFFF;
    return (short) (sign | f16Magnitude(magnitude));
  }

  private static int f16Magnitude(int magnitude) {
    if (magnitude > F32_INFINITY) {
      return 0x7E00 | ((magnitude >>> 13) & 0x3FF);
    }
    if (magnitude >= 0x477FF000) { // 65520 and up
      return 0x7C00;
    }
    if (magnitude >= 0x38800000) { // 2^-14 and up: a normal F16
      return (magnitude - 0x38000000 + 0xFFF + ((magnitude >>> 13) & 1)) >>> 13;
    }
    if (magnitude <= 0x33000000) { // at most half of the least F16
      return 0;
    }
    int mantissa = (magnitude & 0x7FFFFF) | 0x800000;
    int shift = 126 - (magnitude >>> 23);
    int half = (1 << (shift - 1)) - 1;
    return (mantissa + half + ((mantissa >>> shift) & 1)) >>> shift;
  }

  static int f32FromF16(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >>> 10) & 0x1F;
    int mantissa = bits & 0x3FF;
    if (exponent == 0x1F) {
      int quiet = mantissa == 0 ? 0 : F32_QUIET;
      return sign | F32_INFINITY | quiet | (mantissa << 13);
    }
    if (exponent != 0) {
      return sign | ((exponent + 112) << 23) | (mantissa << 13);
    }
    if (mantissa == 0) {
      return sign;
    }
    int zeros = Integer.numberOfLeadingZeros(mantissa) - 21;
    return sign | ((113 - zeros) << 23) | ((mantissa << (13 + zeros)) & 0x7FFFFF);
  }

  static int f32FromF64(long bits) {
    double value = Double.longBitsToDouble(bits);
    if (Double.isNaN(value)) {
      int sign = (int) (bits >>> 32) & 0x80000000;
      return sign | F32_INFINITY | F32_QUIET | ((int) (bits >>> 29) & 0x7FFFFF);
    }
    return Float.floatToRawIntBits((float) value);
  }
}
