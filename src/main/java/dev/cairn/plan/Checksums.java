package dev.cairn.plan;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/** Two checksums over texts and numbers, one after the other. Not thread-safe. */
final class Checksums {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int MOST_ASCII = 1 << 10;

  private final CRC32 first = new CRC32();
  private final CRC32C second = new CRC32C();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
  private long lengthBytes;

  /** Adds a text and where it ends. */
  void add(String text) {
    if (text.length() > MOST_ASCII || !addAscii(text)) {
      addUtf8(text);
    }
  }

  /** Adds a text as {@link #addUtf8} does, if it can be done without making bytes of it. */
  private boolean addAscii(String text) {
    ByteBuffer room = room(Long.BYTES + text.length());
    int begin = room.position();
    room.putLong(text.length());
    for (int index = 0; index < text.length(); index++) {
      char character = text.charAt(index);
      if (character >= 0x80) {
        room.position(begin);
        return false;
      }
      room.put((byte) character);
    }
    return true;
  }

  private void addUtf8(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    add(utf8.length);
    if (utf8.length > buffer.capacity()) {
      flush();
      take(utf8, utf8.length);
      return;
    }
    room(utf8.length).put(utf8);
  }

  /** Adds a number. */
  void add(long number) {
    room(Long.BYTES).putLong(number);
  }

  private ByteBuffer room(int wantedBytes) {
    if (buffer.remaining() < wantedBytes) {
      flush();
    }
    return buffer;
  }

  private void flush() {
    take(buffer.array(), buffer.position());
    buffer.clear();
  }

  private void take(byte[] bytes, int count) {
    first.update(bytes, 0, count);
    second.update(bytes, 0, count);
    lengthBytes += count;
  }

  /** Returns the length and both checksums of all that was added. */
  byte[] value() {
    flush();
    return ByteBuffer.allocate(3 * Long.BYTES)
        .putLong(lengthBytes)
        .putLong(first.getValue())
        .putLong(second.getValue())
        .array();
  }
}
