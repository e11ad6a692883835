package dev.cairn.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Keeps most of the free memory while a work is measured, so that what is touched and freed before
 * a run (see {@link WarmMemory}) is all that the run can get: otherwise the kernel picks pages that
 * the host has taken back as often as not.
 *
 * <p>To take such pages costs the most where there are many: it ends after a while, with less held.
 */
final class HeldMemory implements AutoCloseable {
  private static final long PIECE_BYTES = 64L << 20;
  private static final long SPARE_BYTES = 1L << 30;
  private static final long MOST_NANOS = 15_000_000_000L;

  private final Deque<Pointer> pieces = new ArrayDeque<>();

  /** Takes memory until little more than so much is free; for 0 none is held. */
  void leave(long freeBytes) throws IOException {
    if (freeBytes == 0) {
      close();
      return;
    }
    long wantedBytes = freeBytes + SPARE_BYTES;
    while (!pieces.isEmpty() && freeBytes() < wantedBytes) {
      Pointer.free(pieces.pop());
    }
    long deadline = System.nanoTime() + MOST_NANOS;
    while (freeBytes() > wantedBytes + PIECE_BYTES && System.nanoTime() < deadline) {
      Pointer piece = Pointer.malloc(PIECE_BYTES);
      try (BytePointer bytes = new BytePointer(piece).capacity(PIECE_BYTES)) {
        Pointer.memset(bytes, 1, PIECE_BYTES);
      }
      pieces.push(piece);
    }
  }

  /** What is free without taking anything from the page cache, where inputs are. */
  private static long freeBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemFree")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no MemFree in /proc/meminfo");
  }

  @Override
  public void close() {
    while (!pieces.isEmpty()) {
      Pointer.free(pieces.pop());
    }
  }
}
