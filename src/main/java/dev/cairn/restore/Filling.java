package dev.cairn.restore;

import dev.cairn.gpu.DeviceStaging;
import dev.cairn.kernels.Kernels;
import dev.cairn.layout.StridedRange;
import dev.cairn.model.Partition;
import dev.cairn.restore.ReadPlan.ReadRange;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Puts the bytes of ranges where they belong in this rank's partitions, cast. Any thread. */
final class Filling {
  private final Kernels kernels;
  private final Optional<DeviceStaging> device;

  /**
   * Prepares to fill.
   *
   * @param device the way to partitions on a GPU, if there are any
   */
  Filling(Kernels kernels, Optional<DeviceStaging> device) {
    this.kernels = kernels;
    this.device = device;
  }

  /** Fills a range from the file, without a copy on the way where there is nothing to cast. */
  void read(CheckpointReader reader, ReadRange range, ByteBuffer staging) throws IOException {
    boolean isAsSaved = range.source().dtype() == range.target().held();
    boolean isOnDevice = range.target().partition().isOnDevice();
    if (isAsSaved && !isOnDevice && !range.run().isStrided()) {
      reader.read(range.source(), range.byteOffset(), place(range));
      return;
    }
    staging.clear().limit(range.lengthBytes());
    reader.read(range.source(), range.byteOffset(), staging);
    put(range, staging.flip());
  }

  /**
   * Fills a range from a staging buffer, which may be overwritten afterwards.
   *
   * @param bytes the range's, from the position to the limit
   */
  void put(ReadRange range, ByteBuffer bytes) {
    DType saved = range.source().dtype();
    DType held = range.target().held();
    Partition target = range.target().partition();
    closeGaps(range, bytes);
    if (target.isOnDevice()) {
      long address = target.address(held.bytes(range.heldOffset()));
      device.orElseThrow().bring(saved, bytes, held, address, range.elements());
    } else if (saved == held) {
      place(range).put(bytes);
    } else {
      kernels.cast(saved, bytes, held, place(range), Math.toIntExact(range.elements()), 0);
    }
  }

  /** Leaves the elements side by side, without what is between them. */
  private static void closeGaps(ReadRange range, ByteBuffer bytes) {
    DType saved = range.source().dtype();
    StridedRange run = range.run();
    int begin = bytes.position();
    int runBytes = Math.toIntExact(saved.bytes(run.runElements()));
    int strideBytes = Math.toIntExact(saved.bytes(run.strideElements()));
    for (int row = 1; row < run.count(); row++) {
      bytes.put(begin + row * runBytes, bytes, begin + row * strideBytes, runBytes);
    }
    bytes.limit(begin + Math.toIntExact(saved.bytes(run.elements())));
  }

  private static ByteBuffer place(ReadRange range) {
    DType held = range.target().held();
    int lengthBytes = Math.toIntExact(held.bytes(range.elements()));
    return range.target().partition().view(held.bytes(range.heldOffset()), lengthBytes);
  }
}
