package dev.cairn.torchfile.checksum;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * Compares the storages of one file with their checksums while they are read: those of which every
 * byte is read, in whatever order and pieces, but for {@link #LAST_BYTES} that nobody needs, such
 * as padding. No more than these are read twice. Any thread.
 */
public final class ReadChecks {
  /** So few bytes are read for the checksum alone. */
  static final int LAST_BYTES = 1 << 16;

  private final Path file;
  private final FileChannel channel;
  private final StorageTable table;

  /** Per storage its checksum so far; null before it is read, and {@link #DONE} after it. */
  private final RunningChecksum[] running;

  private static final RunningChecksum DONE = new RunningChecksum(0, 0);

  /**
   * Starts with nothing read.
   *
   * @param channel of the file; borrowed, not closed here
   */
  public ReadChecks(Path file, FileChannel channel, StorageTable table) {
    this.file = file;
    this.channel = channel;
    this.table = table;
    this.running = new RunningChecksum[table.size()];
  }

  /**
   * Takes bytes that were read.
   *
   * @param fileOffset of the first
   * @param bytes from its position to its limit; left as it is
   * @throws CorruptFileException if they were the last of a storage whose checksum is another
   */
  public void take(long fileOffset, ByteBuffer bytes) throws IOException {
    long end = fileOffset + bytes.remaining();
    for (int i = Math.max(0, table.at(fileOffset)); i < table.size() && table.begin(i) < end; i++) {
      RunningChecksum checksum = running(i);
      if (checksum == DONE) {
        continue;
      }
      for (RunningChecksum.Part part : checksum.claim(fileOffset, end)) {
        int from = bytes.position() + (int) (part.begin() - fileOffset);
        tell(i, checksum, part, bytes.slice(from, part.lengthBytes()));
      }
      for (RunningChecksum.Part part : checksum.claimLast(LAST_BYTES)) {
        tell(i, checksum, part, read(part));
      }
    }
  }

  private RunningChecksum running(int index) {
    synchronized (running) {
      if (running[index] == null) {
        running[index] = new RunningChecksum(table.begin(index), table.end(index));
      }
      return running[index];
    }
  }

  private void tell(
      int index, RunningChecksum checksum, RunningChecksum.Part part, ByteBuffer bytes)
      throws CorruptFileException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    if (!checksum.tell(part, (int) crc.getValue())) {
      return;
    }
    synchronized (running) {
      running[index] = DONE;
    }
    if (checksum.crc32() != table.crc32(index)) {
      throw new CorruptFileException(
          String.format(
              Locale.ROOT,
              "checksum differs: crc32=%08x, expected %08x, fileOffset=%d, lengthBytes=%d, file=%s;"
                  + " the file is damaged",
              checksum.crc32(),
              table.crc32(index),
              table.begin(index),
              table.end(index) - table.begin(index),
              file));
    }
  }

  private ByteBuffer read(RunningChecksum.Part part) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(part.lengthBytes());
    while (bytes.hasRemaining()) {
      long at = part.begin() + bytes.position();
      if (channel.read(bytes, at) < 0) {
        throw new CorruptFileException(
            "file got shorter while it was read: fileOffset=" + at + ", file=" + file);
      }
    }
    return bytes.flip();
  }
}
