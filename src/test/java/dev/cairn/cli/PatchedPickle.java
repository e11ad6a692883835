package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** A file that torch made, of which some bytes of the pickle are changed, and its checksum. */
final class PatchedPickle {
  private final Path file;
  private final byte[] content;
  private final ByteBuffer bytes;
  private final int begin;
  private final int lengthBytes;

  private PatchedPickle(Path file, byte[] content) {
    this.file = file;
    this.content = content;
    this.bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    this.begin = 30 + bytes.getShort(26) + bytes.getShort(28); // the pickle comes first
    this.lengthBytes = bytes.getInt(22);
  }

  static PatchedPickle of(Path file) throws IOException {
    return new PatchedPickle(file, Files.readAllBytes(file));
  }

  private int find(String text) {
    String pickle = new String(content, begin, lengthBytes, StandardCharsets.ISO_8859_1);
    assertTrue(pickle.contains(text), text);
    return begin + pickle.indexOf(text);
  }

  /** Gives a key another name. */
  PatchedPickle hide(String key) {
    bytes.put(find(key), (byte) 'x');
    return this;
  }

  /** Replaces the number below 256 that a key has. */
  PatchedPickle put(String key, int number) {
    int at = find(key) + key.length();
    while (bytes.get(at) != 'K') { // pickle's opcode for such a number
      at++;
    }
    bytes.put(at + 1, (byte) number);
    return this;
  }

  /** Writes the file, with the checksum in the two places where the old one was. */
  void write() throws IOException {
    int before = bytes.getInt(14);
    CRC32 crc = new CRC32();
    crc.update(content, begin, lengthBytes);
    int places = 0;
    for (int i = 0; i + 4 <= bytes.limit(); i++) {
      if (bytes.getInt(i) == before) {
        bytes.putInt(i, (int) crc.getValue());
        places++;
      }
    }
    assertEquals(2, places);
    Files.write(file, content);
  }
}
