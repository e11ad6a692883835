package dev.cairn.benchmarks.kernels;

import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The kernels beside memcpy, one thread, each over 64 MiB of input; in milliseconds for one pass.
 *
 * <p>memcpy moves 128 MiB (64 read, 64 written), the cast to BF16 96, the checksum 64. The product
 * of rank 64 that a merge adds is one of 8192 x 2048 elements.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 7, time = 1)
public class KernelBenchmark {
  private static final int INPUT_BYTES = 64 << 20;
  private static final int ELEMENTS = INPUT_BYTES / Float.BYTES;
  private static final int COLUMNS = 2048; // and 8192 rows
  private static final int RANK = 64;
  private static final int FACTORS = ELEMENTS / COLUMNS * RANK;

  /** Which kernels: the best that this machine has, or those in Java. */
  @Param({"native", "java"})
  public String implementation;

  private HostMemory sourceMemory;
  private HostMemory targetMemory;
  private HostMemory factorMemory;
  private ByteBuffer source;
  private ByteBuffer target;
  private ByteBuffer factors;
  private Kernels kernels;
  private int fastestWay;

  /** Fills the source with numbers. */
  @Setup
  public void allocate() {
    kernels = implementation.equals("java") ? Kernels.portable() : Kernels.best();
    sourceMemory = HostMemory.allocate(INPUT_BYTES);
    targetMemory = HostMemory.allocate(INPUT_BYTES);
    source = sourceMemory.view(0, INPUT_BYTES);
    target = targetMemory.view(0, INPUT_BYTES);
    for (int element = 0; element < ELEMENTS; element++) {
      source.putFloat(element * Float.BYTES, element * 0.37f - 1000f);
      target.putFloat(element * Float.BYTES, 0);
    }
    factorMemory = HostMemory.allocate(FACTORS * Float.BYTES);
    factors = factorMemory.view(0, FACTORS * Float.BYTES);
    kernels.cast(DType.F32, source, DType.BF16, target, FACTORS);
    kernels.cast(DType.BF16, target, DType.F32, factors, FACTORS);
    fastestWay = ChecksumBound.fastest(source, INPUT_BYTES);
    for (int way = 0; way < ChecksumBound.count(); way++) {
      if (ChecksumBound.crc32c(way, source, INPUT_BYTES)
          != kernels.crc32c(source, INPUT_BYTES, 0)) {
        throw new IllegalStateException("the bound is wrong: way=" + ChecksumBound.name(way));
      }
    }
    System.out.println("CRC32C is held against " + ChecksumBound.name(fastestWay));
  }

  /** Frees both. */
  @TearDown
  public void free() {
    sourceMemory.close();
    targetMemory.close();
    factorMemory.close();
  }

  /** F32 to BF16 with the checksum of what is written. */
  @Benchmark
  public int castToBf16() {
    return kernels.cast(DType.F32, source, DType.BF16, target, ELEMENTS, 0);
  }

  /** F32 to F16 with the checksum of what is written. */
  @Benchmark
  public int castToF16() {
    return kernels.cast(DType.F32, source, DType.F16, target, ELEMENTS, 0);
  }

  /** The checksum alone. */
  @Benchmark
  public int crc32c() {
    return kernels.crc32c(source, INPUT_BYTES, 0);
  }

  /** A merge's product, added to F32. */
  @Benchmark
  public ByteBuffer addProductToF32() {
    return addProduct(DType.F32, source);
  }

  /** A merge's product, added to BF16. */
  @Benchmark
  public ByteBuffer addProductToBf16() {
    return addProduct(DType.BF16, source);
  }

  /** The same of factors that BF16 holds, as those of adapters in BF16 are. */
  @Benchmark
  public ByteBuffer addBf16ProductToBf16() {
    return addProduct(DType.BF16, factors);
  }

  /** Both factors are what lies at the same beginning. */
  private ByteBuffer addProduct(DType dtype, ByteBuffer both) {
    kernels.addProduct(dtype, target, 0, ELEMENTS, COLUMNS, both, both, RANK);
    return target;
  }

  /** The bound of the checksum: the best mix of instructions that is known for this processor. */
  @Benchmark
  public int crc32cBestKnown() {
    return ChecksumBound.crc32c(fastestWay, source, INPUT_BYTES);
  }

  /** What reading the input takes, whatever is done with it. */
  @Benchmark
  public long read() {
    return ChecksumBound.sum(source, INPUT_BYTES);
  }

  /** The bound of the casts. */
  @Benchmark
  public Pointer memcpy() {
    try (BytePointer from = new BytePointer(source);
        BytePointer to = new BytePointer(target)) {
      return Pointer.memcpy(to, from, INPUT_BYTES);
    }
  }
}
