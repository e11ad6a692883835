package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class SegmentTableTest {
  private final SegmentTable table = new SegmentTable(1 << 20, 1 << 20);

  @Test
  void rowsAreWrittenAsTheKernelReadsThem() {
    table.add(DType.F32, 16, DType.BF16, 6, 16_385);
    table.add(DType.BF16, 2, DType.BF16, 80_000, 5);
    table.add(DType.F16, 0, DType.F32, 0, 0);
    ByteBuffer rows = ByteBuffer.allocate((int) table.lengthBytes());
    table.writeTo(rows);
    rows.flip().order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(2, table.segments());
    assertEquals(3, table.tiles());
    long[] numbers = {16, 6, 16_385, 0, 1L | 2L << 32, 2, 80_000, 10, 2, 4L | 4L << 32};
    for (long number : numbers) {
      assertEquals(number, rows.getLong());
    }
    assertEquals(0, rows.remaining());
  }

  @Test
  void segmentsOutsideTheirBuffersAreRefused() {
    refused("segment outside its source", DType.F32, (1 << 20) - 4, DType.F32, 0, 2);
    refused("segment outside its target", DType.F32, 0, DType.F32, (1 << 20) - 4, 2);
    refused("segment outside its source", DType.F32, -4, DType.F32, 0, 1);
  }

  @Test
  void segmentsThatAreNotAlignedAreRefused() {
    refused("segment not aligned in its source", DType.F32, 2, DType.BF16, 0, 1);
    refused("segment not aligned in its target", DType.F32, 0, DType.BF16, 1, 1);
  }

  @Test
  void castsThatDoNotExistAreRefused() {
    refused("no such cast on a GPU", DType.BF16, 0, DType.F64, 0, 1);
    refused("no such cast on a GPU", DType.U8, 0, DType.BOOL, 0, 1);
  }

  private void refused(
      String part, DType from, long sourceByte, DType to, long targetByte, long elements) {
    IllegalArgumentException thrown =
        assertThrows(
            IllegalArgumentException.class,
            () -> table.add(from, sourceByte, to, targetByte, elements));
    assertEquals(part, thrown.getMessage().substring(0, part.length()));
    assertEquals(0, table.segments());
  }
}
