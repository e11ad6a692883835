package dev.cairn.torchfile;

import dev.cairn.input.InputRefusal;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Where a zip's central directory lies, as its end records say.
 *
 * @param directoryOffset file offset of the first directory record
 * @param directoryBytes length of all directory records
 * @param entries count of directory records
 */
record ZipEnd(long directoryOffset, long directoryBytes, long entries) {
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_BYTES = 20;
  private static final int END64_BYTES = 56;
  private static final int MAX_COMMENT_BYTES = 0xFFFF;

  /**
   * Finds and checks the end records.
   *
   * @throws CorruptFileException if there is none (cut short, or no zip), or they contradict
   */
  static ZipEnd find(Region channel, Path file) throws IOException {
    // torch writes no comment behind the record, so that it is the very last.
    ZipEnd end = find(channel, file, END_BYTES);
    if (end == null) {
      end = find(channel, file, END_BYTES + MAX_COMMENT_BYTES);
    }
    if (end == null) {
      throw InputRefusal.CUT_TORCH.of(file);
    }
    return end;
  }

  /** Returns null if there is none in the last bytes. */
  private static ZipEnd find(Region channel, Path file, int lastBytes) throws IOException {
    long fileBytes = channel.size();
    int tailBytes = (int) Math.min(fileBytes, lastBytes);
    ByteBuffer tail = read(channel, file, fileBytes - tailBytes, tailBytes);
    for (int at = tailBytes - END_BYTES; at >= 0; at--) {
      if (tail.getInt(at) == END_SIGNATURE
          && (tail.getShort(at + 20) & 0xFFFF) == tailBytes - END_BYTES - at) {
        return parse(channel, file, tail.slice(at, END_BYTES), fileBytes - tailBytes + at);
      }
    }
    return null;
  }

  private static ZipEnd parse(Region channel, Path file, ByteBuffer end, long endOffset)
      throws IOException {
    end.order(ByteOrder.LITTLE_ENDIAN);
    long entries = end.getShort(10) & 0xFFFF;
    long directoryBytes = end.getInt(12) & 0xFFFF_FFFFL;
    long directoryOffset = end.getInt(16) & 0xFFFF_FFFFL;
    if (end.getShort(4) != 0 && end.getShort(4) != -1) {
      throw contradiction(file, "archive in several volumes", end.getShort(4), 0);
    }
    long directoryEnd = endOffset;
    if (endOffset >= LOCATOR_BYTES + END64_BYTES) {
      ByteBuffer locator = read(channel, file, endOffset - LOCATOR_BYTES, LOCATOR_BYTES);
      if (locator.getInt(0) == LOCATOR_SIGNATURE) {
        long end64Offset = locator.getLong(8);
        ByteBuffer end64 = readEnd64(channel, file, end64Offset, endOffset - LOCATOR_BYTES);
        requireSame(file, "entries", entries, 0xFFFF, end64.getLong(32));
        requireSame(file, "directoryBytes", directoryBytes, 0xFFFF_FFFFL, end64.getLong(40));
        requireSame(file, "directoryOffset", directoryOffset, 0xFFFF_FFFFL, end64.getLong(48));
        entries = end64.getLong(32);
        directoryBytes = end64.getLong(40);
        directoryOffset = end64.getLong(48);
        directoryEnd = end64Offset;
      }
    }
    if (directoryOffset < 0
        || directoryBytes < 0
        || directoryOffset > directoryEnd
        || directoryBytes != directoryEnd - directoryOffset) {
      throw contradiction(file, "directory end", directoryOffset + directoryBytes, directoryEnd);
    }
    return new ZipEnd(directoryOffset, directoryBytes, entries);
  }

  private static ByteBuffer readEnd64(Region channel, Path file, long offset, long locator)
      throws IOException {
    if (offset < 0 || offset > locator - END64_BYTES) {
      throw contradiction(file, "zip64 end record offset", offset, locator - END64_BYTES);
    }
    ByteBuffer end64 = read(channel, file, offset, END64_BYTES);
    if (end64.getInt(0) != END64_SIGNATURE) {
      throw contradiction(file, "zip64 end record signature", end64.getInt(0), END64_SIGNATURE);
    }
    if (end64.getLong(4) != locator - offset - 12) {
      throw contradiction(file, "zip64 end record bytes", end64.getLong(4), locator - offset - 12);
    }
    if (end64.getLong(24) != end64.getLong(32)) {
      throw contradiction(file, "zip64 entries", end64.getLong(24), end64.getLong(32));
    }
    return end64;
  }

  private static void requireSame(Path file, String field, long small, long full, long large)
      throws CorruptFileException {
    if (small != full && small != large) {
      throw contradiction(file, "zip64 " + field, large, small);
    }
  }

  private static CorruptFileException contradiction(
      Path file, String field, long actual, long expected) {
    return new CorruptFileException(
        "zip end records contradict: "
            + field
            + "="
            + actual
            + ", expected "
            + expected
            + ", file="
            + file);
  }

  private static ByteBuffer read(Region channel, Path file, long offset, int lengthBytes)
      throws IOException {
    ByteInput input = new ByteInput(channel, file, "zip end", offset, lengthBytes);
    return ByteBuffer.wrap(input.readBytes(lengthBytes)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
