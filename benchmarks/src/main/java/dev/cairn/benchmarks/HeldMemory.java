package dev.cairn.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps most of the free memory while a work is measured, so that what is touched and freed before
 * a run (see {@link WarmMemory}) is all that the run can get: otherwise the kernel picks pages that
 * the host has taken back as often as not.
 *
 * <p>The memory is the page cache of a file of holes. The kernel can take it back when it has to,
 * and, unlike memory of a process, it counts when the kernel decides how much may be dirty before
 * writers have to wait for the disk.
 */
final class HeldMemory implements AutoCloseable {
  private static final long PIECE_BYTES = 64L << 20;
  private static final long SPARE_BYTES = 1L << 30;

  private final Path file;
  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
  private long heldBytes;

  HeldMemory(Path file) throws IOException {
    this.file = file;
    this.channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
  }

  /** Takes memory, or gives it back, until little more than so much is free; 0 gives all back. */
  void leave(long freeBytes) throws IOException {
    long above = freeBytes == 0 ? -heldBytes : freeBytes() - freeBytes - SPARE_BYTES;
    if (above < 0) {
      heldBytes = Math.max(0, heldBytes + above) / PIECE_BYTES * PIECE_BYTES;
      channel.truncate(heldBytes);
      return;
    }
    long wantedBytes = heldBytes + above / PIECE_BYTES * PIECE_BYTES;
    channel.write(ByteBuffer.allocate(1), wantedBytes); // makes the file longer by a hole
    while (heldBytes < wantedBytes) {
      buffer.clear();
      heldBytes += channel.read(buffer, heldBytes);
    }
  }

  private static long freeBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemFree")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no MemFree in /proc/meminfo");
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(file);
  }
}
