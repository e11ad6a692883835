package dev.cairn.torchfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A run of bytes of a file, or all of them: where one torch file lies.
 *
 * @param channel of the file; borrowed, not closed here
 * @param begin byte of the file that is the region's first
 * @param lengthBytes of the region
 */
record Region(FileChannel channel, long begin, long lengthBytes) {
  static Region whole(FileChannel channel) throws IOException {
    return new Region(channel, 0, channel.size());
  }

  long size() {
    return lengthBytes;
  }

  /** Reads as {@link FileChannel} does, at a position in the region. */
  int read(ByteBuffer target, long position) throws IOException {
    return channel.read(target, begin + position);
  }
}
