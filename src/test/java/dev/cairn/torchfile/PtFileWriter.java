package dev.cairn.torchfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Writes {@code .pt} files as torch does: stored entries, data aligned to 64 bytes, data
 * descriptors, zip64 end records; storages are streamed, or left as holes of a sparse file.
 */
public final class PtFileWriter implements AutoCloseable {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int ALIGNMENT = 64;
  private static final long FULL = 0xFFFF_FFFFL;

  private final FileChannel channel;
  private final String folder;
  private final List<Entry> entries = new ArrayList<>();
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long at;

  /** Makes the bytes of a storage. */
  public interface Fill {
    /** Fills {@code target} with the storage's bytes from {@code byteOffset} on. */
    void fill(long byteOffset, ByteBuffer target);
  }

  private record Entry(String name, long offset, long lengthBytes, int crc, int flags) {}

  public PtFileWriter(Path file, byte[] pickle) throws IOException {
    String name = file.getFileName().toString();
    folder = name.substring(0, name.lastIndexOf('.')) + "/";
    channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE);
    entry("data.pkl", pickle);
    entry("byteorder", "little".getBytes(StandardCharsets.US_ASCII));
  }

  private void entry(String name, byte[] bytes) throws IOException {
    entry(
        name,
        bytes.length,
        (offset, target) -> target.put(bytes, (int) offset, target.remaining()));
  }

  public void storage(String key, long lengthBytes, Fill fill) throws IOException {
    entry("data/" + key, lengthBytes, fill);
  }

  private void entry(String name, long lengthBytes, Fill fill) throws IOException {
    byte[] utf8 = (folder + name).getBytes(StandardCharsets.UTF_8);
    long offset = at;
    int padding = (int) Math.floorMod(-(at + 30 + utf8.length + 4), (long) ALIGNMENT);
    int flags = lengthBytes == 0 ? 0x800 : 0x808;
    buffer.clear();
    buffer.putInt(0x04034b50).putShort((short) 0).putShort((short) flags);
    buffer.putShort((short) 0).putInt(0).putInt(0).putInt(0).putInt(0);
    buffer.putShort((short) utf8.length).putShort((short) (padding + 4)).put(utf8);
    buffer.putShort((short) 0x4246).putShort((short) padding).put(new byte[padding]);
    flush();
    CRC32 crc = new CRC32();
    for (long done = 0; fill != null && done < lengthBytes; ) {
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, lengthBytes - done));
      done += buffer.remaining();
      fill.fill(done - buffer.remaining(), buffer);
      crc.update(buffer.duplicate().flip());
      flush();
    }
    at = fill == null ? at + lengthBytes : at;
    if (lengthBytes > 0) {
      buffer.clear();
      buffer.putInt(0x08074b50).putInt((int) crc.getValue());
      buffer.putLong(lengthBytes).putLong(lengthBytes);
      flush();
    }
    entries.add(new Entry(folder + name, offset, lengthBytes, (int) crc.getValue(), flags));
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
  }

  /** Writes the directory and closes the file. */
  @Override
  public void close() throws IOException {
    long directory = at;
    for (Entry entry : entries) {
      record(entry);
    }
    long end = at;
    buffer.clear();
    buffer.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
    buffer.putInt(0).putInt(0).putLong(entries.size()).putLong(entries.size());
    buffer.putLong(end - directory).putLong(directory);
    buffer.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
    buffer.putInt(0x06054b50).putInt(0);
    buffer.putShort((short) Math.min(entries.size(), 0xFFFF));
    buffer.putShort((short) Math.min(entries.size(), 0xFFFF));
    buffer.putInt((int) Math.min(end - directory, FULL)).putInt((int) Math.min(directory, FULL));
    buffer.putShort((short) 0);
    flush();
    channel.close();
  }

  private void record(Entry entry) throws IOException {
    byte[] utf8 = entry.name().getBytes(StandardCharsets.UTF_8);
    boolean longData = entry.lengthBytes() >= FULL;
    boolean farHeader = entry.offset() >= FULL;
    int extraBytes = (longData ? 16 : 0) + (farHeader ? 8 : 0);
    buffer.clear();
    buffer.putInt(0x02014b50).putInt(0).putShort((short) entry.flags()).putShort((short) 0);
    buffer.putInt(0).putInt(entry.crc());
    buffer.putInt((int) Math.min(entry.lengthBytes(), FULL));
    buffer.putInt((int) Math.min(entry.lengthBytes(), FULL));
    buffer.putShort((short) utf8.length).putShort((short) (extraBytes == 0 ? 0 : extraBytes + 4));
    buffer.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
    buffer.putInt((int) Math.min(entry.offset(), FULL)).put(utf8);
    if (extraBytes > 0) {
      buffer.putShort((short) 1).putShort((short) extraBytes);
      if (longData) {
        buffer.putLong(entry.lengthBytes()).putLong(entry.lengthBytes());
      }
      if (farHeader) {
        buffer.putLong(entry.offset());
      }
    }
    flush();
  }
}
