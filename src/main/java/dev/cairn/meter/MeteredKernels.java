package dev.cairn.meter;

import dev.cairn.kernels.Kernels;
import dev.cairn.options.SaveWork;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/** Kernels whose work on tensors is measured. */
public record MeteredKernels(Kernels kernels, Meter meter) implements Kernels {
  @Override
  public String name() {
    return kernels.name();
  }

  @Override
  public int cast(
      DType from, ByteBuffer source, DType to, ByteBuffer target, int elements, int crc) {
    Meter.Timing timing = meter.begin(SaveWork.CAST);
    int result = kernels.cast(from, source, to, target, elements, crc);
    timing.end(null, to.bytes(elements));
    return result;
  }

  @Override
  public void cast(DType from, ByteBuffer source, DType to, ByteBuffer target, int elements) {
    Meter.Timing timing = meter.begin(SaveWork.CAST);
    kernels.cast(from, source, to, target, elements);
    timing.end(null, to.bytes(elements));
  }

  @Override
  public int crc32c(ByteBuffer source, int lengthBytes, int crc) {
    Meter.Timing timing = meter.begin(SaveWork.CAST);
    int result = kernels.crc32c(source, lengthBytes, crc);
    timing.end(null, lengthBytes);
    return result;
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
    kernels.addProduct(dtype, tile, first, elements, columns, left, panels, rank);
  }
}
