package dev.cairn.kernels.jni;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;

/**
 * The native kernels, as {@code cairn/cpu.h} describes them; internal.
 *
 * <p>Buffers must be direct and are taken from their position; nothing is checked here. The library
 * must have been loaded with {@code Loader.load(CpuKernels.class)}.
 */
@Properties({
  @Platform(include = "cairn/cpu.h", compiler = "cpp17", library = "jnicairn"),
  // So that the library is also found where there is only the jar of natives for GPUs.
  @Platform(extension = "-gpu")
})
@NoException
public final class CpuKernels {
  /** The {@code CAIRN_CPU_ABI} that these declarations were written for. */
  public static final int ABI = 7;

  private CpuKernels() {}

  /** {@return the {@code CAIRN_CPU_ABI} that the library was built with} */
  public static native int cairn_cpu_abi();

  /** {@return the code of the last instruction set that this machine runs} */
  public static native int cairn_isa_supported();

  /**
   * Casts.
   *
   * @param isa code of the instruction set
   * @param from code of the source's type
   * @param source direct
   * @param to code of the target's type
   * @param target direct
   * @param elements how many
   * @param crc one checksum, continued; may be null
   * @return a status
   */
  public static native int cairn_cast(
      int isa,
      int from,
      @Cast("const void*") ByteBuffer source,
      int to,
      @Cast("void*") ByteBuffer target,
      long elements,
      @Cast("uint32_t*") int[] crc);

  /**
   * Copies.
   *
   * @param isa code of the instruction set
   * @param source direct
   * @param target direct
   * @param lengthBytes how many bytes
   * @param crc one checksum, continued; may be null
   * @return a status
   */
  public static native int cairn_copy(
      int isa,
      @Cast("const void*") ByteBuffer source,
      @Cast("void*") ByteBuffer target,
      long lengthBytes,
      @Cast("uint32_t*") int[] crc);

  /**
   * Continues a checksum.
   *
   * @param isa code of the instruction set
   * @param source direct
   * @param lengthBytes how many bytes
   * @param crc one checksum, continued
   * @return a status
   */
  public static native int cairn_crc32c(
      int isa,
      @Cast("const void*") ByteBuffer source,
      long lengthBytes,
      @Cast("uint32_t*") int[] crc);

  /**
   * Adds elements of a product to a tile.
   *
   * @param isa code of the instruction set
   * @param type code of F32 or BF16, the tile's dtype
   * @param tile direct
   * @param first the tile's first element in the product
   * @param elements how many
   * @param columns of the product
   * @param left direct
   * @param panels direct
   * @param rank columns of left
   * @return a status
   */
  public static native int cairn_add_product(
      int isa,
      int type,
      @Cast("void*") ByteBuffer tile,
      long first,
      long elements,
      long columns,
      @Cast("const float*") ByteBuffer left,
      @Cast("const float*") ByteBuffer panels,
      long rank);

  /**
   * Gives what {@code Crc.CRC32C.shift} gives.
   *
   * @param crc checksum of the bytes in front
   * @param lengthBytes how many bytes follow
   * @return what they contribute
   */
  @Cast("int32_t")
  public static native int cairn_crc32c_shift(@Cast("uint32_t") int crc, long lengthBytes);
}
