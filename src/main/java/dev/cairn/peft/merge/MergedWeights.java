package dev.cairn.peft.merge;

import dev.cairn.kernels.Kernels;
import dev.cairn.layout.Layout;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.Partition;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.peft.stored.Turns;
import dev.cairn.peft.stored.WeightSource;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Makes the bytes of merged weights, range by range and in any number of threads. What a weight
 * needs of the adapter is in memory only around its turn.
 */
final class MergedWeights implements AutoCloseable {
  private static final long MAX_IDLE_BYTES = 64 << 20;

  private final Kernels kernels = Kernels.best();
  private final Tiles tiles = new Tiles(kernels);
  private final AdapterMatrices matrices;
  private final Turns<LowRankSource, LowRankProduct> products;
  private final Turns<WeightMerge, PreparedWeight> weights;

  /** Borrows an open adapter. */
  MergedWeights(StoredWeights adapter) {
    this.matrices = new AdapterMatrices(adapter, kernels);
    this.products = new Turns<>(MAX_IDLE_BYTES, source -> new LowRankProduct(source, matrices));
    this.weights =
        new Turns<>(MAX_IDLE_BYTES, merge -> new PreparedWeight(merge, tiles, matrices, products));
  }

  /**
   * Returns the result as a parameter whose values are computed when a save reads them.
   *
   * @param dtype what floating tensors are wanted as; empty keeps the base's
   */
  Parameter parameter(WeightMerge merge, Optional<DType> dtype) {
    WeightSource base = merge.base();
    boolean isCopy = merge.isCopy();
    DType held = isCopy ? base.dtype() : dtype.orElse(writable(base.dtype()));
    long lengthBytes = held.bytes(merge.shape().elements());
    Partition partition =
        isCopy
            ? Partition.of(merge.start()::read, lengthBytes)
            : Partition.of(
                (byteOffset, target) -> read(merge, held, byteOffset, target), lengthBytes);
    return Parameter.of(merge.name(), merge.shape(), held, Layout.replicated(), partition);
  }

  /** Nothing is cast to F64: what is computed in F32 stays F32. */
  private static DType writable(DType dtype) {
    return dtype == DType.F64 ? DType.F32 : dtype;
  }

  private void read(WeightMerge merge, DType held, long byteOffset, ByteBuffer target)
      throws IOException {
    try (var lease = weights.take(merge)) {
      long first = byteOffset * 8 / held.bits();
      if (held == DType.BF16 && merge.start().dtype() == held && merge.areProductsApart()) {
        addInPlace(merge, lease.value(), first, target);
      } else {
        compute(merge, lease.value(), held, first, target);
      }
    }
  }

  /** Reads to where the result is wanted: most weights need no tile. */
  private static void addInPlace(
      WeightMerge merge, PreparedWeight prepared, long firstElement, ByteBuffer target)
      throws IOException {
    long first = firstElement;
    while (target.hasRemaining()) {
      int elements = Math.min(Tiles.ELEMENTS, target.remaining() / 2);
      ByteBuffer step = target.duplicate().limit(target.position() + 2 * elements);
      merge.start().read(2 * first, step);
      prepared.addProducts(DType.BF16, target, first, elements);
      target.position(step.limit());
      first += elements;
    }
  }

  private void compute(
      WeightMerge merge, PreparedWeight prepared, DType held, long firstElement, ByteBuffer target)
      throws IOException {
    int elementBytes = held.bits() / 8;
    long first = firstElement;
    try (Tiles.Tile tile = tiles.take()) {
      while (target.hasRemaining()) {
        int elements = Math.min(Tiles.ELEMENTS, target.remaining() / elementBytes);
        tile.read(merge, first, elements);
        prepared.addProducts(DType.F32, tile.floats(), first, elements);
        prepared.finish(tile.floats(), first, elements);
        tile.write(held, target, elements);
        first += elements;
      }
    }
  }

  @Override
  public void close() {
    CloseAll.of(tiles, matrices, products, weights).close();
  }
}
