package dev.cairn.benchmarks.kernels;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/** CRC32C in the ways that are known to be fast, to hold Cairn's against; all of them native. */
final class ChecksumBound {
  private static final int TRIALS = 5;

  static {
    Path classes =
        Path.of(ChecksumBound.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    System.load(classes.resolveSibling("libcrc32c_bound.so").toString());
  }

  private ChecksumBound() {}

  /** Returns how many ways this processor has; may be 0. */
  static native int count();

  /** Returns what a way is called. */
  static native String name(int way);

  /** Returns the checksum of the first bytes of a direct buffer. */
  static native int crc32c(int way, ByteBuffer source, int lengthBytes);

  /** Returns the sum of the words of a direct buffer: no checksum, all that reading takes. */
  static native long sum(ByteBuffer source, int lengthBytes);

  /** Returns the way that is the fastest over this buffer, by its best time of a few. */
  static int fastest(ByteBuffer source, int lengthBytes) {
    if (count() == 0) {
      throw new IllegalStateException("no bound for CRC32C: this processor lacks SSE4.2 or PCLMUL");
    }
    int fastest = 0;
    long leastNanos = Long.MAX_VALUE;
    for (int trial = 0; trial < TRIALS; trial++) {
      for (int way = 0; way < count(); way++) {
        long start = System.nanoTime();
        crc32c(way, source, lengthBytes);
        long nanos = System.nanoTime() - start;
        if (nanos < leastNanos) {
          leastNanos = nanos;
          fastest = way;
        }
      }
    }
    return fastest;
  }
}
