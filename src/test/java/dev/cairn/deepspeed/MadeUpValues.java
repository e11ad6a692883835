package dev.cairn.deepspeed;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/**
 * The values of a made-up parameter: a hash of its name and the element's index.
 *
 * @param name the parameter
 * @param dtype F32, BF16 or F16
 * @param firstElement element of the parameter that stands first here
 * @param elements elements of the whole parameter; what comes after is padding
 * @param rounds whether 16-bit values are what the F32 ones round to, rather than others
 */
record MadeUpValues(String name, DType dtype, long firstElement, long elements, boolean rounds) {
  MadeUpValues(String name, DType dtype, long firstElement, long elements) {
    this(name, dtype, firstElement, elements, false);
  }

  private static final int PADDING_F32 = 0x7FBA_DBAD;
  private static final short PADDING_16 = (short) 0x7FFF;

  /** Fills {@code target} with elements from {@code byteOffset} on. */
  void fill(long byteOffset, ByteBuffer target) {
    int width = dtype.bits() / 8;
    int seed = name.hashCode();
    for (long at = firstElement + byteOffset / width; target.hasRemaining(); at++) {
      boolean padding = at >= elements;
      int bits = bits(seed, at);
      if (width == 4) {
        target.putInt(padding ? PADDING_F32 : bits);
      } else {
        int value = rounds ? rounded(bits) : bits >>> 8 & 0xBFFF;
        target.putShort(padding ? PADDING_16 : (short) value);
      }
    }
  }

  /** Returns the BF16 nearest to a finite F32, ties to even. */
  private static int rounded(int bits) {
    return (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
  }

  /** A finite F32 whose upper half, too, is a finite number in BF16. */
  private static int bits(int seed, long element) {
    long hash = (element + 1) * 0x9E37_79B9_7F4A_7C15L + seed * 0xC2B2_AE3D_27D4_EB4FL;
    hash ^= hash >>> 29;
    hash *= 0xBF58_476D_1CE4_E5B9L;
    return (int) (hash >>> 32) & 0xBFFF_FFFF;
  }
}
