package dev.cairn.kernels;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/** Buffers and pairs of types for the tests of kernels. */
final class Casts {
  /** Stands before and after what a kernel may write. */
  static final byte POISON = 0x5A;

  private static final List<DType> SOURCES = List.of(DType.F64, DType.F32, DType.BF16, DType.F16);
  private static final List<DType> TARGETS = List.of(DType.F32, DType.BF16, DType.F16);

  /** Two types between which there is a cast. */
  record Pair(DType from, DType to) {}

  private Casts() {}

  static List<Pair> all() {
    List<Pair> pairs = new ArrayList<>();
    for (DType from : SOURCES) {
      for (DType to : TARGETS) {
        if (from != to) {
          pairs.add(new Pair(from, to));
        }
      }
    }
    return pairs;
  }

  /** Returns a direct buffer whose first byte lies {@code offsetBytes} past a multiple of 64. */
  static ByteBuffer direct(int lengthBytes, int offsetBytes) {
    ByteBuffer aligned = ByteBuffer.allocateDirect(lengthBytes + 256).alignedSlice(64);
    return aligned.slice(offsetBytes, lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer poisoned(int lengthBytes, int offsetBytes) {
    ByteBuffer buffer = direct(lengthBytes, offsetBytes);
    for (int i = 0; i < lengthBytes; i++) {
      buffer.put(i, POISON);
    }
    return buffer;
  }

  static long get(DType dtype, ByteBuffer buffer, int index) {
    return switch (dtype.bits()) {
      case 64 -> buffer.getLong(8 * index);
      case 32 -> Integer.toUnsignedLong(buffer.getInt(4 * index));
      default -> Short.toUnsignedLong(buffer.getShort(2 * index));
    };
  }

  static void put(DType dtype, ByteBuffer buffer, int index, long bits) {
    switch (dtype.bits()) {
      case 64 -> buffer.putLong(8 * index, bits);
      case 32 -> buffer.putInt(4 * index, (int) bits);
      default -> buffer.putShort(2 * index, (short) bits);
    }
  }

  static int crc32c(ByteBuffer... parts) {
    CRC32C checksum = new CRC32C();
    for (ByteBuffer part : parts) {
      checksum.update(part.duplicate());
    }
    return (int) checksum.getValue();
  }

  static ByteBuffer random(int lengthBytes, int offsetBytes, long seed) {
    ByteBuffer buffer = direct(lengthBytes, offsetBytes);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < lengthBytes; i++) {
      buffer.put(i, (byte) random.nextInt());
    }
    return buffer;
  }

  /**
   * Returns numbers of every kind: small and large ones of both signs, ties between two numbers of
   * the 16-bit formats and their neighbours, denormals, infinities, NaNs of many payloads.
   */
  static ByteBuffer numbers(DType dtype, int elements, int offsetBytes, long seed) {
    ByteBuffer buffer = direct((int) dtype.bytes(elements), offsetBytes);
    SplittableRandom random = new SplittableRandom(seed);
    int exponentBits = CastDefinition.exponentBits(dtype);
    int mantissaBits = dtype.bits() - 1 - exponentBits;
    for (int i = 0; i < elements; i++) {
      long sign = random.nextLong(2) << (dtype.bits() - 1);
      long exponent = exponent(random, exponentBits) << mantissaBits;
      put(dtype, buffer, i, sign | exponent | mantissa(random, mantissaBits));
    }
    return buffer;
  }

  private static long exponent(SplittableRandom random, int exponentBits) {
    int top = (1 << exponentBits) - 1;
    int bias = top >> 1;
    int exponent =
        switch (random.nextInt(4)) {
          case 0 -> random.nextBoolean() ? 0 : top;
          case 1 -> bias - 27 + random.nextInt(44); // the range of F16 and a little more
          case 2 -> bias - 152 + random.nextInt(300); // of F32
          default -> random.nextInt(top + 1);
        };
    return Math.min(top, Math.max(0, exponent));
  }

  private static long mantissa(SplittableRandom random, int mantissaBits) {
    long mask = (1L << mantissaBits) - 1;
    long any = random.nextLong() & mask;
    long endsInZeros = any & -(1L << random.nextInt(mantissaBits));
    return switch (random.nextInt(3)) {
      case 0 -> any;
      case 1 -> endsInZeros; // many ties
      default -> (endsInZeros + random.nextInt(3) - 1) & mask; // and what is beside them
    };
  }
}
