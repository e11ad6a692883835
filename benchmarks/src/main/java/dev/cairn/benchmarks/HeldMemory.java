package dev.cairn.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Keeps most of the free memory while a work is measured, so that what is touched and freed before
 * a run (see {@link WarmMemory}) is all that the run can get: otherwise the kernel picks pages that
 * the host has taken back as often as not.
 */
final class HeldMemory implements AutoCloseable {
  private static final long PIECE_BYTES = 256L << 20;

  private final long warmBytes;
  private final List<Pointer> pieces = new ArrayList<>();

  HeldMemory(long warmBytes) {
    this.warmBytes = warmBytes;
  }

  /** Takes memory until little more than what is warmed is left; nothing if nothing is warmed. */
  void hold() throws IOException {
    while (warmBytes > 0 && availableBytes() > warmBytes + (1L << 30) + PIECE_BYTES) {
      Pointer piece = Pointer.malloc(PIECE_BYTES);
      try (BytePointer bytes = new BytePointer(piece).capacity(PIECE_BYTES)) {
        Pointer.memset(bytes, 1, PIECE_BYTES);
      }
      pieces.add(piece);
    }
  }

  private static long availableBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemAvailable")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no MemAvailable in /proc/meminfo");
  }

  @Override
  public void close() {
    pieces.forEach(Pointer::free);
    pieces.clear();
  }
}
