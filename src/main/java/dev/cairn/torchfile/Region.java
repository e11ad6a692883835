package dev.cairn.torchfile;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A run of bytes of a file, or all of them: where one torch file lies. One thread. */
final class Region {
  /** The pickle of one tensor and the headers before its storage, or the directory behind it. */
  private static final int END_BYTES = 4 << 10;

  private final FileChannel channel;
  private final long begin;
  private final long lengthBytes;
  private final ByteBuffer first;
  private final ByteBuffer last;

  private Region(
      FileChannel channel, long begin, long lengthBytes, ByteBuffer first, ByteBuffer last) {
    this.channel = channel;
    this.begin = begin;
    this.lengthBytes = lengthBytes;
    this.first = first;
    this.last = last;
  }

  /**
   * Returns a whole file.
   *
   * @param channel of the file; borrowed, not closed here
   */
  static Region whole(FileChannel channel) throws IOException {
    return new Region(channel, 0, channel.size(), ByteBuffer.allocate(0), ByteBuffer.allocate(0));
  }

  /**
   * Returns a part of a file, one of many, and reads its two ends at once: in a distributed
   * checkpoint every tensor is a torch file, of which nothing else is needed to open it.
   *
   * @param channel of the file; borrowed, not closed here
   * @param file its name, for messages
   * @param begin byte of the file that is the region's first
   * @param lengthBytes of the region, which lies in the file
   * @throws CorruptFileException if the file has become shorter
   */
  static Region within(FileChannel channel, Path file, long begin, long lengthBytes)
      throws IOException {
    int firstBytes = (int) Math.min(END_BYTES, lengthBytes);
    int lastBytes = (int) Math.min(END_BYTES, lengthBytes - firstBytes);
    return new Region(
        channel,
        begin,
        lengthBytes,
        read(channel, file, begin, firstBytes),
        read(channel, file, begin + lengthBytes - lastBytes, lastBytes));
  }

  private static ByteBuffer read(FileChannel channel, Path file, long offset, int lengthBytes)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(lengthBytes);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw new CorruptFileException(
            "file got shorter while it was read: fileOffset="
                + (offset + bytes.position())
                + ", file="
                + file);
      }
    }
    return bytes.flip();
  }

  /** Returns which byte of the file is the first. */
  long begin() {
    return begin;
  }

  long size() {
    return lengthBytes;
  }

  /** Reads as {@link FileChannel} does, at a position in the region. */
  int read(ByteBuffer target, long position) throws IOException {
    if (position < first.limit()) {
      return copy(first, (int) position, target);
    }
    long lastBegin = lengthBytes - last.limit();
    if (position >= lastBegin && position < lengthBytes) {
      return copy(last, (int) (position - lastBegin), target);
    }
    return channel.read(target, begin + position);
  }

  private static int copy(ByteBuffer from, int position, ByteBuffer target) {
    int lengthBytes = Math.min(from.limit() - position, target.remaining());
    target.put(from.slice(position, lengthBytes));
    return lengthBytes;
  }
}
