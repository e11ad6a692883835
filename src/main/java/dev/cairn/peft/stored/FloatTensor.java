package dev.cairn.peft.stored;

import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Elements of an adapter's tensor in memory, as F32; at most 2 GiB. */
public final class FloatTensor implements AutoCloseable {
  /** What is read at a time. */
  public static final int STEP_ELEMENTS = 1 << 16;

  private final MergeMemory pool;
  private final HostMemory memory;
  private final FloatBuffer floats;

  private FloatTensor(MergeMemory pool, HostMemory memory, long elements) {
    this.pool = pool;
    this.memory = memory;
    this.floats = memory.view(0, Math.toIntExact(DType.F32.bytes(elements))).asFloatBuffer();
  }

  /** Reads elements of a tensor of a castable dtype. */
  public static FloatTensor read(
      WeightSource source, long begin, long elements, Kernels kernels, MergeMemory pool)
      throws IOException {
    HostMemory memory = pool.take(DType.F32.bytes(elements));
    DType dtype = source.dtype();
    HostMemory step = pool.take(dtype.bytes(STEP_ELEMENTS));
    try {
      for (long first = 0; first < elements; first += STEP_ELEMENTS) {
        int count = (int) Math.min(STEP_ELEMENTS, elements - first);
        ByteBuffer given = step.view(0, (int) dtype.bytes(count));
        source.read(dtype.bytes(begin + first), given);
        ByteBuffer target =
            memory.view(DType.F32.bytes(first), Math.toIntExact(DType.F32.bytes(count)));
        kernels.cast(dtype, given.flip(), DType.F32, target, count, 0);
      }
      return new FloatTensor(pool, memory, elements);
    } catch (IOException | RuntimeException | Error e) {
      pool.giveBack(memory);
      throw e;
    } finally {
      pool.giveBack(step);
    }
  }

  /** Copies all elements of a buffer. */
  public static FloatTensor copy(FloatBuffer source, MergeMemory pool) {
    FloatTensor made =
        new FloatTensor(pool, pool.take(DType.F32.bytes(source.remaining())), source.remaining());
    made.floats.put(0, source, source.position(), source.remaining());
    return made;
  }

  /** Copies {@code count} elements, from the one at {@code index} on, to the array's start. */
  public void get(long index, float[] target, int count) {
    floats.get(Math.toIntExact(index), target, 0, count);
  }

  /** Returns all elements on the Java heap. */
  public float[] toArray() {
    float[] array = new float[floats.capacity()];
    floats.get(0, array);
    return array;
  }

  @Override
  public void close() {
    pool.giveBack(memory);
  }
}
