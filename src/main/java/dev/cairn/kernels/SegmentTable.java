package dev.cairn.kernels;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Which elements {@link DeviceKernels#unpack} casts and where it puts them: offsets only, so that
 * one table serves any two buffers. Checked as it is built, since the kernel cannot.
 */
public final class SegmentTable {
  /** What one segment takes in memory. */
  public static final int SEGMENT_BYTES = 40;

  private static final long TILE_ELEMENTS = 16384;
  private static final int BYTES = 4;

  private final long sourceBytes;
  private final long targetBytes;
  private final List<Row> rows = new ArrayList<>();
  private long tiles;

  private record Row(
      long sourceByte, long targetByte, long elements, long firstTile, int from, int to) {}

  /**
   * Starts an empty table.
   *
   * @param sourceBytes length of the buffers that will be read
   * @param targetBytes length of the buffers that will be written
   */
  public SegmentTable(long sourceBytes, long targetBytes) {
    this.sourceBytes = sourceBytes;
    this.targetBytes = targetBytes;
  }

  /**
   * Adds a segment. Its target must not overlap another's.
   *
   * @param from type of the elements, of whole bytes
   * @param sourceByte offset of the first element, a multiple of its size
   * @param to the same type, or one that {@code from} is cast to
   * @param targetByte offset of the first element, a multiple of its size
   * @param elements how many; with 0 nothing is added
   * @throws IllegalArgumentException if there is no such cast, or if the segment is not aligned or
   *     lies outside a buffer
   */
  public void add(DType from, long sourceByte, DType to, long targetByte, long elements) {
    DeviceKernels.checkPair(from, to);
    check("source", from, sourceByte, elements, sourceBytes);
    check("target", to, targetByte, elements, targetBytes);
    if (elements == 0) {
      return;
    }
    boolean copied = from == to;
    long units = copied ? from.bytes(elements) : elements;
    int fromCode = copied ? BYTES : DeviceKernels.code(from);
    int toCode = copied ? BYTES : DeviceKernels.code(to);
    rows.add(new Row(sourceByte, targetByte, units, tiles, fromCode, toCode));
    tiles += (units + TILE_ELEMENTS - 1) / TILE_ELEMENTS;
  }

  private static void check(
      String role, DType dtype, long offset, long elements, long bufferBytes) {
    long lengthBytes = dtype.bytes(elements);
    if (offset < 0 || lengthBytes > bufferBytes - offset) {
      throw new IllegalArgumentException(
          "segment outside its %s: offset=%d, lengthBytes=%d, bufferBytes=%d"
              .formatted(role, offset, lengthBytes, bufferBytes));
    }
    if (offset % Math.max(1, dtype.bits() / 8) != 0) {
      throw new IllegalArgumentException(
          "segment not aligned in its %s: offset=%d, dtype=%s".formatted(role, offset, dtype));
    }
  }

  /** {@return how many segments there are} */
  public int segments() {
    return rows.size();
  }

  long tiles() {
    return tiles;
  }

  /** {@return what the table takes in memory} */
  public long lengthBytes() {
    return (long) SEGMENT_BYTES * rows.size();
  }

  /**
   * Writes the table, to be copied to the GPU, at the position of a buffer, and moves that.
   *
   * @param target with room for {@link #lengthBytes}
   */
  public void writeTo(ByteBuffer target) {
    ByteOrder before = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    for (Row row : rows) {
      target.putLong(row.sourceByte).putLong(row.targetByte).putLong(row.elements);
      target.putLong(row.firstTile).putInt(row.from).putInt(row.to);
    }
    target.order(before);
  }
}
