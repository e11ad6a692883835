package dev.cairn.peft.merge;

import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.peft.stored.WeightSource;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Memory in which weights are computed as F32, a tile at a time on each thread. Any thread. */
final class Tiles implements AutoCloseable {
  /** How many elements a tile has: few enough to stay near the processor. */
  static final int ELEMENTS = 1 << 18;

  private final Kernels kernels;
  private final ConcurrentLinkedQueue<Tile> free = new ConcurrentLinkedQueue<>();
  private final List<HostMemory> all = new ArrayList<>();

  Tiles(Kernels kernels) {
    this.kernels = kernels;
  }

  /** Lends a tile until it is closed; makes one if all are lent. */
  Tile take() {
    Tile tile = free.poll();
    return tile == null ? create() : tile;
  }

  private synchronized Tile create() {
    HostMemory memory = HostMemory.allocate((long) ELEMENTS * (4 + 8));
    all.add(memory);
    return new Tile(memory.view(0, 4 * ELEMENTS), memory.view(4L * ELEMENTS, 8 * ELEMENTS));
  }

  @Override
  public synchronized void close() {
    all.forEach(HostMemory::close);
    all.clear();
    free.clear();
  }

  /** What one thread computes in. */
  final class Tile implements AutoCloseable {
    private final ByteBuffer floats;
    private final ByteBuffer raw;

    private Tile(ByteBuffer floats, ByteBuffer raw) {
      this.floats = floats;
      this.raw = raw;
    }

    /** Returns the elements. */
    ByteBuffer floats() {
      return floats;
    }

    /** Fills the tile with elements that a merge starts from. */
    void read(WeightMerge merge, long first, int elements) throws IOException {
      floats.clear();
      read(merge.start(), first, elements, floats);
      for (WeightMerge.Patch patch : merge.patches()) {
        WeightMerge.Range part = patch.range().within(first, elements);
        if (part.elements() > 0) {
          int begin = (int) DType.F32.bytes(part.begin() - first);
          ByteBuffer target = floats.duplicate().order(floats.order()).position(begin);
          read(patch.source(), part.otherBegin(), (int) part.elements(), target);
        }
      }
    }

    /** Puts elements of a tensor where {@code target} stands, which stays as it is. */
    private void read(WeightSource source, long first, int elements, ByteBuffer target)
        throws IOException {
      DType dtype = source.dtype();
      boolean isDirect = dtype == DType.F32;
      ByteBuffer given = isDirect ? target.duplicate() : raw.clear();
      int begin = given.position();
      given.limit(begin + (int) dtype.bytes(elements));
      source.read(dtype.bytes(first), given);
      if (!isDirect) {
        kernels.cast(dtype, given.flip(), DType.F32, target, elements, 0);
      }
    }

    /** Puts the elements, cast, at the position of {@code target}, which moves behind them. */
    void write(DType dtype, ByteBuffer target, int elements) {
      kernels.cast(DType.F32, floats, dtype, target, elements, 0);
      target.position(target.position() + (int) dtype.bytes(elements));
    }

    @Override
    public void close() {
      free.add(this);
    }
  }
}
