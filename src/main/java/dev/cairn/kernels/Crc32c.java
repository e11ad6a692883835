package dev.cairn.kernels;

import java.util.zip.CRC32C;

/**
 * Arithmetic on CRC32C checksums (RFC 3720), for joining those of adjacent byte ranges without the
 * bytes. Pure; any thread.
 *
 * <p>A checksum is the 32 bits that {@link java.util.zip.CRC32C#getValue} returns, as an int.
 */
public final class Crc32c {
  // A polynomial over GF(2) modulo P, the coefficient of x^0 in the top bit.
  private static final int POLYNOMIAL = 0x82F63B78;
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

  private Crc32c() {}

  /**
   * Returns the checksum of bytes in memory.
   *
   * @param bytes all of them
   * @return their CRC32C
   */
  public static int of(byte[] bytes) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes);
    return (int) checksum.getValue();
  }

  /**
   * Returns the part that bytes contribute to a checksum when more bytes follow them: with B any
   * {@code lengthBytes} bytes, the checksum of A followed by B is {@code shift(crcOfA, lengthBytes)
   * ^ crcOfB}.
   *
   * @param crc checksum of the bytes in front
   * @param lengthBytes how many bytes follow, 0 or more
   * @return the part of {@code crc}
   * @throws IllegalArgumentException if {@code lengthBytes} is negative
   */
  public static int shift(int crc, long lengthBytes) {
    if (lengthBytes < 0) {
      throw new IllegalArgumentException(
          "cannot shift a checksum: lengthBytes=" + lengthBytes + ", expected 0 or more");
    }
    int shifted = crc;
    for (long left = lengthBytes; left != 0; left &= left - 1) {
      shifted = multiply(shifted, SQUARES[Long.numberOfTrailingZeros(left)]);
    }
    return shifted;
  }

  /**
   * Returns the checksum of bytes A followed by bytes B.
   *
   * @param crcA checksum of A
   * @param crcB checksum of B
   * @param lengthBytesB how many bytes B has, 0 or more
   * @return the joined checksum
   * @throws IllegalArgumentException if {@code lengthBytesB} is negative
   */
  public static int combine(int crcA, int crcB, long lengthBytesB) {
    return shift(crcA, lengthBytesB) ^ crcB;
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
