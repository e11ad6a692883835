package dev.cairn.peft.stored;

import dev.cairn.tensor.DType;

/** What the 256 values of an 8-bit float stand for. */
final class EightBitFloats {
  private static final float[] E4M3 = values(4, 7, true);
  private static final float[] E5M2 = values(5, 15, false);
  private static final float[] E8M0 = powersOfTwo();

  private EightBitFloats() {}

  /** Returns whether weights of this type can be read. */
  static boolean are(DType dtype) {
    return dtype == DType.F8_E4M3 || dtype == DType.F8_E5M2;
  }

  /**
   * Returns the values by their bits.
   *
   * @param dtype of weights; or of scales, where bytes are exponents, too
   * @throws IllegalArgumentException if it is another type
   */
  static float[] of(DType dtype) {
    return switch (dtype) {
      case F8_E4M3 -> E4M3;
      case F8_E5M2 -> E5M2;
      case F8_E8M0, U8 -> E8M0; // transformers takes bytes for exponents
      default -> throw new IllegalArgumentException("not an 8-bit float: dtype=" + dtype);
    };
  }

  /**
   * Computes the values of a sign, an exponent and a fraction.
   *
   * @param isFinite whether the largest exponent is one of numbers, and only all ones are NaN
   */
  private static float[] values(int exponentBits, int bias, boolean isFinite) {
    int fractionBits = 7 - exponentBits;
    int largest = (1 << exponentBits) - 1;
    float[] values = new float[256];
    for (int bits = 0; bits < 256; bits++) {
      int exponent = bits >> fractionBits & largest;
      int fraction = bits & (1 << fractionBits) - 1;
      float size =
          exponent == 0
              ? Math.scalb((float) fraction, 1 - bias - fractionBits)
              : Math.scalb(
                  (float) (fraction + (1 << fractionBits)), exponent - bias - fractionBits);
      if (exponent == largest && isFinite && fraction == (1 << fractionBits) - 1) {
        size = Float.NaN;
      } else if (exponent == largest && !isFinite) {
        size = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
      }
      values[bits] = bits < 128 ? size : -size;
    }
    return values;
  }

  private static float[] powersOfTwo() {
    float[] values = new float[256];
    for (int bits = 0; bits < 255; bits++) {
      values[bits] = Math.scalb(1f, bits - 127);
    }
    values[255] = Float.NaN;
    return values;
  }
}
