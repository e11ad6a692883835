package dev.cairn.pipeline;

import dev.cairn.device.CudaEvent;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.kernels.SegmentTable;

/**
 * The memory of one bucket on its way.
 *
 * @param gathered what ranks give, and on rank 0 what it gets
 * @param ordered the same in file order; null but on rank 0
 * @param table how the one becomes the other; null but on rank 0
 * @param tableStaging from where that comes; null but on rank 0
 * @param isPacked recorded when this rank's bytes are there
 * @param isGathered recorded when all ranks' are
 * @param isOrdered recorded when they are in file order
 */
record DeviceBucket(
    DeviceMemory gathered,
    DeviceMemory ordered,
    DeviceMemory table,
    PinnedMemory tableStaging,
    CudaEvent isPacked,
    CudaEvent isGathered,
    CudaEvent isOrdered)
    implements AutoCloseable {
  /**
   * How large the largest bucket of a plan is.
   *
   * @param rankBytes what one rank gives
   * @param orderedBytes what all give, in file order
   * @param parts how many parts
   */
  record Size(long rankBytes, long orderedBytes, int parts) {
    Size or(Size other) {
      return new Size(
          Math.max(rankBytes, other.rankBytes),
          Math.max(orderedBytes, other.orderedBytes),
          Math.max(parts, other.parts));
    }
  }

  /** Allocates for buckets of at most this size. */
  static DeviceBucket open(Device device, long gatheredBytes, Size size, boolean writes) {
    long tableBytes = (long) SegmentTable.SEGMENT_BYTES * size.parts();
    Closing opened = new Closing();
    try {
      return new DeviceBucket(
          opened.add(DeviceMemory.allocate(device, gatheredBytes)),
          writes ? opened.add(DeviceMemory.allocate(device, size.orderedBytes())) : null,
          writes ? opened.add(DeviceMemory.allocate(device, tableBytes)) : null,
          writes ? opened.add(PinnedMemory.allocate(device, tableBytes)) : null,
          opened.add(CudaEvent.create(device)),
          opened.add(CudaEvent.create(device)),
          opened.add(CudaEvent.create(device)));
    } catch (RuntimeException e) {
      throw opened.after(e);
    }
  }

  @Override
  public void close() {
    Closing all = Closing.of(gathered);
    if (ordered != null) {
      all.add(ordered);
      all.add(table);
      all.add(tableStaging);
    }
    all.add(isPacked);
    all.add(isGathered);
    all.add(isOrdered);
    all.close();
  }
}
