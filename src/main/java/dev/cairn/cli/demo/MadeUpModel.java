package dev.cairn.cli.demo;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A model whose every value follows from its tensor and place alone.
 *
 * <p>Values have a random sign and mantissa and lie within [2⁻⁷, 2⁻³) of zero, so that a cast has
 * something to round and a model that loads them computes finite numbers.
 */
final class MadeUpModel implements DemoModel {
  private static final int BLOCK_ELEMENTS = 4096;
  private static final int SIGN_AND_LOW_BITS = 0x81FF_FFFF;
  private static final int SMALLEST_EXPONENT = 0x3C00_0000;

  private final List<TensorInfo> tensors;

  MadeUpModel(LlamaShape shape, DType held) {
    if (held != DType.F32 && held != DType.BF16) {
      throw new IllegalArgumentException("cannot hold this dtype: held=" + held);
    }
    tensors = shape.tensors(held);
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(int tensor, long byteOffset, ByteBuffer target) {
    boolean isWide = tensors.get(tensor).dtype() == DType.F32;
    ByteBuffer rest = target.slice().order(ByteOrder.LITTLE_ENDIAN);
    long element = byteOffset / (isWide ? Float.BYTES : Short.BYTES);
    int[] wide = new int[BLOCK_ELEMENTS];
    short[] narrow = new short[BLOCK_ELEMENTS];
    while (rest.hasRemaining()) {
      int count = Math.min(BLOCK_ELEMENTS, rest.remaining() / (isWide ? 4 : 2));
      makeUp(tensor, element, wide, count);
      if (isWide) {
        rest.asIntBuffer().put(wide, 0, count);
        rest.position(rest.position() + count * Float.BYTES);
      } else {
        for (int i = 0; i < count; i++) {
          narrow[i] = (short) (wide[i] >>> 16);
        }
        rest.asShortBuffer().put(narrow, 0, count);
        rest.position(rest.position() + count * Short.BYTES);
      }
      element += count;
    }
    target.position(target.limit());
  }

  /**
   * Fills {@code bits} with F32 values; a loop of int arithmetic only, which the JIT vectorizes.
   */
  private static void makeUp(int tensor, long element, int[] bits, int count) {
    int seed = mix(tensor * 0x9E37_79B9 + (int) (element >>> 32));
    int low = (int) element;
    for (int i = 0; i < count; i++) {
      bits[i] = (mix((low + i) ^ seed) & SIGN_AND_LOW_BITS) | SMALLEST_EXPONENT;
    }
  }

  /** A bijection of 32 bits in which every input bit reaches every output bit. */
  private static int mix(int value) {
    int x = value;
    x ^= x >>> 16;
    x *= 0x7FEB_352D;
    x ^= x >>> 15;
    x *= 0x846C_A68B;
    return x ^ (x >>> 16);
  }

  @Override
  public void close() {}
}
