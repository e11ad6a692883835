package dev.cairn.kernels;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/**
 * Casts and checksums over memory. Every implementation gives the same bits. Any thread.
 *
 * <p>Casts go from F32, BF16 and F16 to each other, and from F64 to these through F32. They round
 * to nearest even and keep denormals. To BF16 every NaN becomes 0x7FC0; from BF16 to F32 the bits
 * of a NaN stay as they are; elsewhere it keeps its sign and the upper bits of its payload and
 * becomes quiet. Data is little endian, whatever the byte order of a buffer says; it needs no
 * alignment.
 */
public interface Kernels {
  /** How many columns a panel of {@link #addProduct} has. */
  int PANEL_COLUMNS = 32;

  /**
   * Returns the fastest kernels of this machine, always the same ones: native code for the best
   * instruction set, which the environment variable {@code CAIRN_MAX_ISA} ({@code baseline}, {@code
   * avx2} or {@code avx512}) may cap, or Java, with the reason logged once.
   *
   * @return never null
   * @throws IllegalArgumentException if {@code CAIRN_MAX_ISA} has another value
   */
  static Kernels best() {
    return KernelChoice.best();
  }

  /** {@return the kernels in Java, which {@link #best} falls back to, on any machine} */
  static Kernels portable() {
    return new JavaKernels();
  }

  /**
   * {@return the instruction set: {@code avx512}, {@code avx2}, {@code baseline} or {@code java}}
   */
  String name();

  /**
   * Casts elements, or copies them when both types are the same (then any type will do), and
   * returns the CRC32C of all bytes so far.
   *
   * <p>Reads and writes from the buffers' positions, which do not move. The source may be the
   * target, at the same position and with the same type: then only the checksum is taken. Otherwise
   * the two must not overlap.
   *
   * @param from type of the source
   * @param source bytes to read
   * @param to type of the target
   * @param target room for the result
   * @param elements how many, 0 or more
   * @param crc checksum of the bytes before, 0 to begin
   * @return {@code crc} continued over the bytes written
   * @throws IllegalArgumentException if there is no such cast, if a buffer has fewer bytes left, if
   *     the target is read-only, or, native kernels, if a buffer is not direct
   */
  int cast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements, int crc);

  /**
   * Casts elements as {@link #cast(DType, ByteBuffer, DType, ByteBuffer, int, int)} does, without a
   * checksum: faster where nobody asks for one.
   *
   * @param from type of the source
   * @param source bytes to read
   * @param to type of the target
   * @param target room for the result
   * @param elements how many, 0 or more
   * @throws IllegalArgumentException as that does
   */
  void cast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements);

  /**
   * Returns the CRC32C of all bytes so far, these {@code lengthBytes} from the source's position
   * included. The position does not move.
   *
   * @param source bytes to read
   * @param lengthBytes how many bytes, 0 or more
   * @param crc checksum of the bytes before, 0 to begin
   * @return {@code crc} continued over the bytes
   * @throws IllegalArgumentException if the buffer has fewer bytes left or, native kernels, if it
   *     is not direct
   */
  int crc32c(ByteBuffer source, int lengthBytes, int crc);

  /**
   * {@return how many columns whole panels have, that of the last one included}
   *
   * @param columns of the matrix, 0 or more
   */
  static long panelColumns(int columns) {
    return ((long) columns + PANEL_COLUMNS - 1) / PANEL_COLUMNS * PANEL_COLUMNS;
  }

  /**
   * Adds a run of elements of a low-rank product, row-major, to as many elements from the tile's
   * position on: each in F32, rounded once to the tile's dtype. Positions do not move.
   *
   * <p>Results may differ in the last bits between implementations: some round less often.
   *
   * @param dtype the tile's: F32 or BF16
   * @param tile direct for native kernels, as the others
   * @param first the tile's first element in the product, 0 or more
   * @param elements how many, 0 or more
   * @param columns of the product, 1 or more
   * @param left F32, row-major, {@code rank} columns and at least the rows that are reached
   * @param panels F32, the right matrix in panels of {@link #PANEL_COLUMNS} columns one after the
   *     other, each row-major with {@code rank} rows, the last filled up with zeros
   * @param rank 1 or more
   * @throws IllegalArgumentException if the tile has another dtype, a buffer has fewer bytes left
   *     or, native kernels, if it is not direct
   */
  void addProduct(
      DType dtype,
      ByteBuffer tile,
      long first,
      int elements,
      int columns,
      ByteBuffer left,
      ByteBuffer panels,
      int rank);
}
