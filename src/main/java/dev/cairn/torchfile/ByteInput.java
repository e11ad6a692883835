package dev.cairn.torchfile;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A region of a file read forward, little endian, through one small buffer.
 *
 * <p>Holds 64 KiB at most, whatever the region's length. Reading past the end is a {@link
 * CorruptFileException} that names the place. One thread; the channel is borrowed, not closed here.
 */
final class ByteInput {
  private static final int BUFFER_BYTES = 1 << 16;

  private final Region channel;
  private final Path file;
  private final String what;
  private final long begin;
  private final long end;
  private final byte[] buffer;
  private long bufferOffset;
  private int cursor;
  private int limit;

  /**
   * Creates one over file bytes [begin, begin + lengthBytes).
   *
   * @param what what the region is, for messages
   */
  ByteInput(Region channel, Path file, String what, long begin, long lengthBytes) {
    this(channel, file, what, begin, lengthBytes, BUFFER_BYTES);
  }

  /** Creates one whose reads fetch no more than {@code bufferBytes} at a time. */
  ByteInput(Region channel, Path file, String what, long begin, long lengthBytes, int bufferBytes) {
    this.channel = channel;
    this.file = file;
    this.what = what;
    this.begin = begin;
    this.end = begin + lengthBytes;
    this.buffer = new byte[(int) Math.min(bufferBytes, Math.max(lengthBytes, 16))];
    this.bufferOffset = begin;
  }

  /** Returns how many bytes of the region are read already. */
  long position() {
    return bufferOffset + cursor - begin;
  }

  /** Returns how many bytes of the region are still to be read. */
  long remaining() {
    return end - bufferOffset - cursor;
  }

  /** Returns an error at the current position of this region. */
  CorruptFileException corrupt(String message) {
    return corrupt(message, position());
  }

  /** Returns an error at {@code position} of this region. */
  CorruptFileException corrupt(String message, long position) {
    return new CorruptFileException(message + ", position=" + position + " of " + what + at());
  }

  private String at() {
    return ", file=" + file;
  }

  int readByte() throws IOException {
    if (cursor == limit) {
      need(1);
    }
    return buffer[cursor++] & 0xFF;
  }

  int readUnsignedShort() throws IOException {
    need(2);
    int value = (buffer[cursor] & 0xFF) | (buffer[cursor + 1] & 0xFF) << 8;
    cursor += 2;
    return value;
  }

  int readInt() throws IOException {
    int low = readUnsignedShort();
    return low | readUnsignedShort() << 16;
  }

  long readUnsignedInt() throws IOException {
    return readInt() & 0xFFFF_FFFFL;
  }

  long readLong() throws IOException {
    long low = readUnsignedInt();
    return low | (long) readInt() << 32;
  }

  byte[] readBytes(int lengthBytes) throws IOException {
    checkRemaining(lengthBytes); // before the array is made: a lie must not cost memory
    byte[] bytes = new byte[lengthBytes];
    int done = 0;
    while (done < lengthBytes) {
      if (cursor == limit) {
        need(1);
      }
      int count = Math.min(limit - cursor, lengthBytes - done);
      System.arraycopy(buffer, cursor, bytes, done, count);
      cursor += count;
      done += count;
    }
    return bytes;
  }

  void skip(long lengthBytes) throws IOException {
    checkRemaining(lengthBytes);
    long inBuffer = limit - (long) cursor;
    if (lengthBytes <= inBuffer) {
      cursor += (int) lengthBytes;
    } else {
      bufferOffset = bufferOffset + cursor + lengthBytes;
      cursor = 0;
      limit = 0;
    }
  }

  private void checkRemaining(long lengthBytes) throws CorruptFileException {
    if (lengthBytes < 0 || lengthBytes > remaining()) {
      throw corrupt(
          "unexpected end: wantedBytes=" + lengthBytes + ", expected at most " + remaining());
    }
  }

  /** Makes {@code count} bytes, at most 8, contiguous in the buffer. */
  private void need(int count) throws IOException {
    if (limit - cursor >= count) {
      return;
    }
    checkRemaining(count);
    int kept = limit - cursor;
    System.arraycopy(buffer, cursor, buffer, 0, kept);
    bufferOffset += cursor;
    cursor = 0;
    limit = kept;
    while (limit < count) {
      int wanted = (int) Math.min(buffer.length - (long) limit, end - bufferOffset - limit);
      int read = channel.read(ByteBuffer.wrap(buffer, limit, wanted), bufferOffset + limit);
      if (read < 0) {
        throw new CorruptFileException("file got shorter while it was read: " + what + at());
      }
      limit += read;
    }
  }
}
