package dev.cairn.hf;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/** Single elements of floating tensors as numbers: for comparing, not for copying. */
final class FloatElements {
  private static final int F16_EXPONENT_BIAS = 15;
  private static final int F16_MANTISSA_BITS = 10;

  private FloatElements() {}

  /** Returns an element as a double, exactly. */
  static double get(DType dtype, ByteBuffer bytes, int index) {
    return switch (dtype) {
      case F64 -> bytes.getDouble(index * Double.BYTES);
      case F32 -> bytes.getFloat(index * Float.BYTES);
      case BF16 -> Float.intBitsToFloat(bytes.getShort(index * Short.BYTES) << 16);
      case F16 -> half(bytes.getShort(index * Short.BYTES));
      default -> throw new IllegalArgumentException("not a float: dtype=" + dtype);
    };
  }

  private static double half(short bits) {
    int exponent = bits >> F16_MANTISSA_BITS & 0x1F;
    int mantissa = bits & 0x3FF;
    double magnitude;
    if (exponent == 0x1F) {
      magnitude = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
    } else if (exponent == 0) {
      magnitude = Math.scalb((double) mantissa, 1 - F16_EXPONENT_BIAS - F16_MANTISSA_BITS);
    } else {
      magnitude =
          Math.scalb(
              (double) (mantissa | 1 << F16_MANTISSA_BITS),
              exponent - F16_EXPONENT_BIAS - F16_MANTISSA_BITS);
    }
    return bits < 0 ? -magnitude : magnitude;
  }

  /** Returns how many steps to the next representable number lie between two elements. */
  static long ulps(DType dtype, ByteBuffer first, ByteBuffer second, int index) {
    long difference = ordered(dtype, first, index) - ordered(dtype, second, index);
    return difference == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(difference);
  }

  /** Maps floats to whole numbers in the same order, neighbours to neighbours, both zeros to 0. */
  private static long ordered(DType dtype, ByteBuffer bytes, int index) {
    long bits =
        switch (dtype) {
          case F64 -> bytes.getLong(index * Double.BYTES);
          case F32 -> (long) bytes.getInt(index * Float.BYTES) << 32;
          default -> (long) bytes.getShort(index * Short.BYTES) << 48;
        };
    int unusedBits = 64 - dtype.bits();
    long magnitude = (bits & Long.MAX_VALUE) >> unusedBits;
    return bits < 0 ? -magnitude : magnitude;
  }
}
