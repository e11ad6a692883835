package dev.cairn.gpu;

import dev.cairn.device.CudaEvent;
import dev.cairn.device.Device;
import dev.cairn.device.PinnedMemory;
import dev.cairn.kernels.SegmentTable;
import dev.cairn.machine.CloseAll;

/**
 * The memory of one bucket on its way. Addresses are of the GPU's memory.
 *
 * @param gathered what ranks give, and on rank 0 what it gets
 * @param ordered the same in file order; 0 but on rank 0
 * @param table how the one becomes the other; 0 but on rank 0
 * @param tableStaging from where that comes; null but on rank 0
 * @param isPacked recorded when this rank's bytes are there
 * @param isGathered recorded when all ranks' are
 * @param isOrdered recorded when they are in file order
 */
record DeviceBucket(
    long gathered,
    long ordered,
    long table,
    PinnedMemory tableStaging,
    CudaEvent isPacked,
    CudaEvent isGathered,
    CudaEvent isOrdered) {
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

  /** Takes memory for buckets of at most this size, freed with what else was opened. */
  static DeviceBucket open(
      Device device,
      BucketMemory memory,
      long gatheredBytes,
      Size size,
      boolean writes,
      CloseAll opened) {
    long tableBytes = (long) SegmentTable.SEGMENT_BYTES * size.parts();
    return new DeviceBucket(
        memory.take(device, gatheredBytes, opened),
        writes ? memory.take(device, size.orderedBytes(), opened) : 0,
        writes ? memory.take(device, tableBytes, opened) : 0,
        writes ? opened.add(PinnedMemory.allocate(device, tableBytes)) : null,
        opened.add(CudaEvent.create(device)),
        opened.add(CudaEvent.create(device)),
        opened.add(CudaEvent.create(device)));
  }
}
