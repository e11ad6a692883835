package dev.cairn.peft.merge;

import dev.cairn.kernels.Kernels;
import dev.cairn.layout.Layout;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.Partition;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the bytes of merged weights, range by range and in any number of threads. What a weight
 * needs of the adapter is in memory only around its turn.
 */
final class MergedWeights implements AutoCloseable {
  /** Weights in memory at a time: a save goes through them in order. */
  private static final int MAX_IDLE = 2;

  private final Kernels kernels = Kernels.best();
  private final Tiles tiles = new Tiles(kernels);
  private final MergeMemory pool = new MergeMemory();
  private final Map<WeightMerge, Entry> entries = new LinkedHashMap<>(); // least recent first

  /** A weight's part of the adapter, made by the first thread that wants it. */
  private final class Entry {
    private final WeightMerge merge;
    private PreparedWeight prepared;
    private int users;

    Entry(WeightMerge merge) {
      this.merge = merge;
    }

    synchronized PreparedWeight prepare() throws IOException {
      if (prepared == null) {
        prepared = new PreparedWeight(merge, kernels, tiles, pool);
      }
      return prepared;
    }

    synchronized void close() {
      if (prepared != null) {
        prepared.close();
        prepared = null;
      }
    }
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
    Entry entry = take(merge);
    try {
      PreparedWeight prepared = entry.prepare();
      long first = byteOffset * 8 / held.bits();
      if (held == DType.BF16 && merge.start().dtype() == held && merge.isOneProduct()) {
        addInPlace(merge, prepared, first, target);
      } else {
        compute(merge, prepared, held, first, target);
      }
    } finally {
      giveBack(entry);
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
      prepared.addOnlyProduct(target, first, elements);
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
        prepared.addProducts(tile.floats(), first, elements);
        prepared.finish(tile.floats(), first, elements);
        tile.write(held, target, elements);
        first += elements;
      }
    }
  }

  private synchronized Entry take(WeightMerge merge) {
    Entry entry = entries.remove(merge);
    if (entry == null) {
      entry = new Entry(merge);
    }
    entries.put(merge, entry);
    entry.users++;
    return entry;
  }

  private synchronized void giveBack(Entry entry) {
    entry.users--;
    long idle = entries.values().stream().filter(other -> other.users == 0).count();
    var oldest = entries.values().iterator();
    while (idle > MAX_IDLE && oldest.hasNext()) {
      Entry next = oldest.next();
      if (next.users == 0) {
        next.close();
        oldest.remove();
        idle--;
      }
    }
  }

  @Override
  public synchronized void close() {
    CloseAll all = CloseAll.of(pool, tiles);
    entries.values().forEach(entry -> all.add(entry::close));
    entries.clear();
    all.close();
  }
}
