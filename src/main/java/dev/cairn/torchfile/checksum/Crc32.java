package dev.cairn.torchfile.checksum;

/**
 * Joins CRC-32 checksums, those of zip files, of adjacent byte ranges without the bytes; {@link
 * dev.cairn.kernels.Crc32c} does it for another polynomial. Pure; any thread.
 */
final class Crc32 {
  // A polynomial over GF(2) modulo P, the coefficient of x^0 in the top bit.
  private static final int POLYNOMIAL = 0xEDB88320;
  private static final int ONE = 0x80000000;
  private static final int X_TO_8 = 0x00800000;

  /** Element k: x to the power of 8 · 2^k. */
  private static final int[] SQUARES = new int[Long.SIZE - 1];

  static {
    SQUARES[0] = X_TO_8;
    for (int k = 1; k < SQUARES.length; k++) {
      SQUARES[k] = multiply(SQUARES[k - 1], SQUARES[k - 1]);
    }
  }

  private Crc32() {}

  /**
   * Returns the checksum of bytes A followed by bytes B.
   *
   * @param lengthBytesB how many bytes B has, 0 or more
   */
  static int combine(int crcA, int crcB, long lengthBytesB) {
    int shifted = crcA;
    for (long left = lengthBytesB; left != 0; left &= left - 1) {
      shifted = multiply(shifted, SQUARES[Long.numberOfTrailingZeros(left)]);
    }
    return shifted ^ crcB;
  }

  private static int multiply(int a, int b) {
    int product = 0;
    int factor = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        product ^= factor;
      }
      factor = (factor >>> 1) ^ (POLYNOMIAL & -(factor & 1));
    }
    return product;
  }
}
