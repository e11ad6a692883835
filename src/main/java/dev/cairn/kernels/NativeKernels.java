package dev.cairn.kernels;

import dev.cairn.kernels.jni.CpuKernels;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/** Kernels in native code, for one instruction set. Buffers must be direct. */
final class NativeKernels implements Kernels {
  private static final int OK = 0;

  private final Isa isa;

  private NativeKernels(Isa isa) {
    this.isa = isa;
  }

  /**
   * Returns those for an instruction set.
   *
   * @throws IllegalStateException if the native library is not loaded or the machine lacks the set
   */
  static NativeKernels of(Isa isa) {
    if (!NativeLibrary.isLoaded()) {
      throw new IllegalStateException(NativeLibrary.reasonNotLoaded());
    }
    if (isa.compareTo(NativeLibrary.supported()) > 0) {
      throw new IllegalStateException(
          "instruction set not supported here: isa="
              + isa.label()
              + ", expected at most "
              + NativeLibrary.supported().label());
    }
    return new NativeKernels(isa);
  }

  @Override
  public String name() {
    return isa.label();
  }

  @Override
  public int cast(
      DType from, ByteBuffer source, DType to, ByteBuffer target, int elements, int crc) {
    int[] result = {crc};
    cast(from, source, to, target, elements, result);
    return result[0];
  }

  @Override
  public void cast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements) {
    cast(from, source, to, target, elements, null);
  }

  private void cast(
      DType from, ByteBuffer source, DType to, ByteBuffer target, int elements, int[] crc) {
    KernelArguments.checkCast(from, source, to, target, elements);
    KernelArguments.checkDirect("source", source);
    KernelArguments.checkDirect("target", target);
    int status =
        from == to
            ? CpuKernels.cairn_copy(isa.code(), source, target, from.bytes(elements), crc)
            : CpuKernels.cairn_cast(
                isa.code(), code(from), source, code(to), target, elements, crc);
    check(status, "cast");
  }

  @Override
  public int crc32c(ByteBuffer source, int lengthBytes, int crc) {
    KernelArguments.checkChecksum(source, lengthBytes);
    KernelArguments.checkDirect("source", source);
    int[] result = {crc};
    check(CpuKernels.cairn_crc32c(isa.code(), source, lengthBytes, result), "crc32c");
    return result[0];
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
    KernelArguments.checkDirect("tile", tile);
    KernelArguments.checkDirect("left", left);
    KernelArguments.checkDirect("panels", panels);
    check(
        CpuKernels.cairn_add_product(
            isa.code(), code(dtype), tile, first, elements, columns, left, panels, rank),
        "add_product");
  }

  private static int code(DType dtype) {
    return switch (dtype) {
      case F64 -> 0;
      case F32 -> 1;
      case BF16 -> 2;
      case F16 -> 3;
      default -> throw new IllegalArgumentException("no cast: dtype=" + dtype);
    };
  }

  private void check(int status, String kernel) {
    if (status != OK) {
      throw new KernelException(
          "native kernel refused: kernel=" + kernel + ", isa=" + isa.label() + ", code=" + status,
          status);
    }
  }
}
