package dev.cairn.checksum;

import java.util.function.Supplier;
import java.util.zip.Checksum;

/**
 * A cyclic redundancy check of 32 bits, and the arithmetic that joins the checksums of adjacent
 * byte ranges without the bytes. Pure; any thread.
 *
 * <p>A checksum is the 32 bits that {@link Checksum#getValue} returns, as an int.
 */
public final class Crc {
  /** That of zip files (ISO 3309). */
  public static final Crc CRC32 = new Crc(0xEDB88320, java.util.zip.CRC32::new);

  /** That of manifests (RFC 3720). */
  public static final Crc CRC32C = new Crc(0x82F63B78, java.util.zip.CRC32C::new);

  // A polynomial over GF(2) modulo P, the coefficient of x^0 in the top bit.
  private static final int ONE = 0x80000000;
  private static final int X_TO_8 = 0x00800000;

  private final int polynomial;
  private final Supplier<Checksum> empty;

  /** Element k: x to the power of 8 · 2^k. */
  private final int[] squares = new int[Long.SIZE - 1];

  private Crc(int polynomial, Supplier<Checksum> empty) {
    this.polynomial = polynomial;
    this.empty = empty;
    squares[0] = X_TO_8;
    for (int k = 1; k < squares.length; k++) {
      squares[k] = multiply(squares[k - 1], squares[k - 1]);
    }
  }

  /** Returns the checksum of bytes in memory. */
  public int of(byte[] bytes) {
    Checksum checksum = empty.get();
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
   * @throws IllegalArgumentException if {@code lengthBytes} is negative
   */
  public int shift(int crc, long lengthBytes) {
    if (lengthBytes < 0) {
      throw new IllegalArgumentException(
          "cannot shift a checksum: lengthBytes=" + lengthBytes + ", expected 0 or more");
    }
    int shifted = crc;
    for (long left = lengthBytes; left != 0; left &= left - 1) {
      shifted = multiply(shifted, squares[Long.numberOfTrailingZeros(left)]);
    }
    return shifted;
  }

  /**
   * Returns the checksum of bytes A followed by bytes B.
   *
   * @param lengthBytesB how many bytes B has, 0 or more
   * @throws IllegalArgumentException if {@code lengthBytesB} is negative
   */
  public int combine(int crcA, int crcB, long lengthBytesB) {
    return shift(crcA, lengthBytesB) ^ crcB;
  }

  private int multiply(int a, int b) {
    int product = 0;
    int factor = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        product ^= factor;
      }
      factor = (factor >>> 1) ^ (polynomial & -(factor & 1));
    }
    return product;
  }
}
