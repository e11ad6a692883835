package dev.cairn.kernels;

import dev.cairn.tensor.DType;

/**
 * What a cast means, written from the formats' definitions with double arithmetic, in which every
 * step is exact; slow, and unlike the kernels.
 */
final class CastDefinition {
  private CastDefinition() {}

  /** Returns the bits of a number after a cast. */
  static long cast(DType from, long bits, DType to) {
    if (isNan(from, bits)) {
      return nan(from, bits, to);
    }
    double value = value(from, bits);
    long sign = bits >>> (from.bits() - 1) & 1;
    // F64 goes through F32: it may round twice.
    double single = from == DType.F64 ? (float) value : value;
    return sign << (to.bits() - 1) | nearest(Math.abs(single), to);
  }

  static int exponentBits(DType dtype) {
    return switch (dtype) {
      case F64 -> 11;
      case F32, BF16 -> 8;
      case F16 -> 5;
      default -> throw new IllegalArgumentException("not cast: " + dtype);
    };
  }

  private static int mantissaBits(DType dtype) {
    return dtype.bits() - 1 - exponentBits(dtype);
  }

  private static int bias(DType dtype) {
    return (1 << (exponentBits(dtype) - 1)) - 1;
  }

  private static long mantissa(DType dtype, long bits) {
    return bits & ((1L << mantissaBits(dtype)) - 1);
  }

  private static int exponent(DType dtype, long bits) {
    return (int) (bits >>> mantissaBits(dtype)) & ((1 << exponentBits(dtype)) - 1);
  }

  static boolean isNan(DType dtype, long bits) {
    return exponent(dtype, bits) == (1 << exponentBits(dtype)) - 1 && mantissa(dtype, bits) != 0;
  }

  private static long nan(DType from, long bits, DType to) {
    if (to == DType.BF16) {
      return 0x7FC0;
    }
    if (from == DType.BF16 && to == DType.F32) {
      return bits << 16;
    }
    int shift = mantissaBits(to) - mantissaBits(from);
    long mantissa = mantissa(from, bits);
    long payload = shift >= 0 ? mantissa << shift : mantissa >>> -shift;
    long quiet = 1L << (mantissaBits(to) - 1);
    long sign = bits >>> (from.bits() - 1) & 1;
    long exponent = (1L << exponentBits(to)) - 1;
    return sign << (to.bits() - 1) | exponent << mantissaBits(to) | quiet | payload;
  }

  /** Returns the number that bits mean; every format here fits a double. */
  static double value(DType dtype, long bits) {
    int exponent = exponent(dtype, bits);
    double sign = (bits >>> (dtype.bits() - 1) & 1) == 0 ? 1 : -1;
    if (exponent == (1 << exponentBits(dtype)) - 1) {
      return sign * Double.POSITIVE_INFINITY;
    }
    long implied = exponent == 0 ? 0 : 1L << mantissaBits(dtype);
    int power = Math.max(exponent, 1) - bias(dtype) - mantissaBits(dtype);
    return sign * Math.scalb((double) (implied + mantissa(dtype, bits)), power);
  }

  /** Returns the bits of the nearest number, the even one of two; 0 or positive. */
  private static long nearest(double magnitude, DType to) {
    long infinity = ((1L << exponentBits(to)) - 1) << mantissaBits(to);
    if (magnitude == Double.POSITIVE_INFINITY) {
      return infinity;
    }
    int lowest = 1 - bias(to);
    int exponent = magnitude == 0 ? lowest : Math.max(Math.getExponent(magnitude), lowest);
    // How many units in the last place; rint takes the even one of two.
    long units = (long) Math.rint(Math.scalb(magnitude, mantissaBits(to) - exponent));
    // A carry out of the mantissa lands in the exponent, where it belongs.
    long below = (long) (exponent - lowest) << mantissaBits(to);
    return Math.min(below + units, infinity);
  }
}
