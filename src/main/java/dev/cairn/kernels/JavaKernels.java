package dev.cairn.kernels;

import dev.cairn.checksum.Crc;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.zip.CRC32C;

/** Kernels in plain Java, for any buffer on any platform. */
final class JavaKernels implements Kernels {
  @Override
  public String name() {
    return "java";
  }

  @Override
  public int cast(
      DType from, ByteBuffer source, DType to, ByteBuffer target, int elements, int crc) {
    cast(from, source, to, target, elements);
    return append(range(target, to.bytes(elements)), crc);
  }

  @Override
  public void cast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements) {
    KernelArguments.checkCast(from, source, to, target, elements);
    ByteBuffer in = range(source, from.bytes(elements));
    ByteBuffer out = range(target, to.bytes(elements));
    if (from == to) {
      // Over itself this writes each byte with its own value.
      out.duplicate().put(in);
    } else if (to == DType.F32) {
      toF32(from, in, out, elements);
    } else if (to == DType.BF16) {
      toBf16(from, in, out, elements);
    } else {
      toF16(from, in, out, elements);
    }
  }

  @Override
  public int crc32c(ByteBuffer source, int lengthBytes, int crc) {
    KernelArguments.checkChecksum(source, lengthBytes);
    return append(range(source, lengthBytes), crc);
  }

  @Override
  public void addProduct(
      DType dtype,
      ByteBuffer tile,
      long first,
      int elements,
      int columns,
      ByteBuffer left,
      ByteBuffer panels,
      int rank) {
    KernelArguments.checkProduct(dtype, tile, first, elements, columns, left, panels, rank);
    ByteBuffer sums = range(tile, dtype.bytes(elements));
    FloatBuffer factors = range(left, left.remaining()).asFloatBuffer();
    FloatBuffer right = range(panels, panels.remaining()).asFloatBuffer();
    for (int i = 0; i < elements; i++) {
      int row = (int) ((first + i) / columns);
      int column = (int) ((first + i) % columns);
      int panel = column / PANEL_COLUMNS * PANEL_COLUMNS * rank + column % PANEL_COLUMNS;
      float sum = 0;
      for (int k = 0; k < rank; k++) {
        sum += factors.get(row * rank + k) * right.get(panel + k * PANEL_COLUMNS);
      }
      add(dtype, sums, i, sum);
    }
  }

  private static void add(DType dtype, ByteBuffer tile, int index, float sum) {
    if (dtype == DType.F32) {
      tile.putFloat(4 * index, tile.getFloat(4 * index) + sum);
    } else {
      float value = Float.intBitsToFloat(FloatBits.f32FromBf16(tile.getShort(2 * index))) + sum;
      tile.putShort(2 * index, FloatBits.bf16FromF32(Float.floatToRawIntBits(value)));
    }
  }

  private static ByteBuffer range(ByteBuffer buffer, long lengthBytes) {
    return buffer.slice(buffer.position(), (int) lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void toF32(DType from, ByteBuffer in, ByteBuffer out, int elements) {
    for (int i = 0; i < elements; i++) {
      out.putInt(4 * i, f32(from, in, i));
    }
  }

  private static void toBf16(DType from, ByteBuffer in, ByteBuffer out, int elements) {
    for (int i = 0; i < elements; i++) {
      out.putShort(2 * i, FloatBits.bf16FromF32(f32(from, in, i)));
    }
  }

  private static void toF16(DType from, ByteBuffer in, ByteBuffer out, int elements) {
    for (int i = 0; i < elements; i++) {
      out.putShort(2 * i, FloatBits.f16FromF32(f32(from, in, i)));
    }
  }

  private static int f32(DType from, ByteBuffer in, int index) {
    return switch (from) {
      case F64 -> FloatBits.f32FromF64(in.getLong(8 * index));
      case F32 -> in.getInt(4 * index);
      case BF16 -> FloatBits.f32FromBf16(in.getShort(2 * index));
      case F16 -> FloatBits.f32FromF16(in.getShort(2 * index));
      default -> throw new IllegalArgumentException("no cast: from=" + from);
    };
  }

  /** Returns {@code crc} continued over a buffer; the JDK's CRC32C cannot start from a value. */
  private static int append(ByteBuffer bytes, int crc) {
    int lengthBytes = bytes.remaining();
    CRC32C checksum = new CRC32C();
    checksum.update(bytes);
    return Crc.CRC32C.combine(crc, (int) checksum.getValue(), lengthBytes);
  }
}
