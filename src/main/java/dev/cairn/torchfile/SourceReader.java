package dev.cairn.torchfile;

import dev.cairn.io.SourceRange;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.checksum.ReadChecks;
import dev.cairn.torchfile.checksum.StorageTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads source ranges of a checkpoint with positioned reads.
 *
 * <p>Files are opened at their first use and stay open. Storages of torch files that are read whole
 * are compared with their checksums, the others are not. Any thread, any number at once; whoever
 * makes it closes it.
 */
public final class SourceReader implements AutoCloseable {
  private static final int WINDOW_BYTES = 1 << 16;

  /** Further ones are not compared: a table of all would take too much memory. */
  private static final int MAX_STORAGES = 500_000;

  private final Tables tables;
  private final Map<Path, Source> sources = new HashMap<>();
  private int storages;
  private final ReadBuffers buffers = new ReadBuffers();
  private boolean closed;

  /** An open file. */
  private record Source(FileChannel channel, ReadChecks checks) {}

  /** Returns the storages of a file. */
  @FunctionalInterface
  private interface Tables {
    StorageTable of(Path file) throws IOException;
  }

  /** Creates a reader of whole torch files, or of others, that has no file open. */
  public SourceReader() {
    this(TorchFile::storages);
  }

  /**
   * Creates a reader of files that hold many torch files each.
   *
   * @param tables the storages of each file; none of a file that is not in it
   */
  public SourceReader(Map<Path, StorageTable> tables) {
    this(file -> tables.getOrDefault(file, StorageTable.NONE));
  }

  private SourceReader(Tables tables) {
    this.tables = tables;
  }

  /** Creates a reader that compares no checksums, for samples. */
  public static SourceReader unchecked() {
    return new SourceReader(file -> StorageTable.NONE);
  }

  /**
   * Reads all elements of {@code range} to the position of {@code target}, little endian, row-major
   * and without holes, and moves the position behind them.
   *
   * @param range at most 2 GiB of a file of the checkpoint
   * @param target direct or not; has room for the range's bytes from its position on
   * @throws CorruptFileException if the file has become shorter
   * @throws IOException if it cannot be read
   */
  public void read(SourceRange range, ByteBuffer target) throws IOException {
    int lengthBytes = Math.toIntExact(range.lengthBytes());
    if (range.isContiguous()) {
      int limit = target.limit();
      target.limit(target.position() + lengthBytes);
      readFully(range.file(), range.fileOffset(), target);
      target.limit(limit);
    } else {
      pick(range, target);
    }
  }

  /** Reads windows of the file and picks the elements out of them. */
  private void pick(SourceRange range, ByteBuffer target) throws IOException {
    int width = range.dtype().bits() / 8;
    long stride = range.strideBytes();
    long perWindow =
        stride == 0 ? Long.MAX_VALUE : Math.max(1, (WINDOW_BYTES - width) / stride + 1);
    ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
    for (long at = 0; at < range.elements(); ) {
      int count = (int) Math.min(perWindow, range.elements() - at);
      window.clear().limit((int) ((count - 1) * stride) + width);
      readFully(range.file(), range.fileOffset() + at * stride, window);
      for (int i = 0; i < count; i++) {
        target.put(window.array(), (int) (i * stride), width);
      }
      at += count;
    }
  }

  /**
   * Returns what reads many ranges to one target, the ones that lie near each other in a file
   * together. One thread; closing it gives its buffer back and reads nothing.
   *
   * @param target takes the ranges one after the other from its position on
   */
  public Gathering gather(ByteBuffer target) {
    return new Gathering(this, buffers, target);
  }

  /** Fills {@code target} with bytes of the file from {@code fileOffset} on. */
  void readFully(Path file, long fileOffset, ByteBuffer target) throws IOException {
    Source source = source(file);
    int begin = target.position();
    long at = fileOffset;
    while (target.hasRemaining()) {
      int count = source.channel.read(target, at);
      if (count < 0) {
        throw new CorruptFileException(
            "file got shorter while it was read: fileOffset=" + at + ", file=" + file);
      }
      at += count;
    }
    source.checks.take(fileOffset, target.slice(begin, target.position() - begin));
  }

  private synchronized Source source(Path file) throws IOException {
    if (closed) {
      throw new IllegalStateException("range reader is closed");
    }
    Source source = sources.get(file);
    if (source == null) {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      source = new Source(channel, checks(file, channel));
      sources.put(file, source);
    }
    return source;
  }

  private ReadChecks checks(Path file, FileChannel channel) throws IOException {
    try {
      StorageTable table = tables.of(file);
      boolean isTooMuch = storages + table.size() > MAX_STORAGES;
      storages += isTooMuch ? 0 : table.size();
      return new ReadChecks(file, channel, isTooMuch ? StorageTable.NONE : table);
    } catch (IOException | RuntimeException e) {
      CloseAll.of(channel).closeAfter(e);
      throw e;
    }
  }

  /** Closes every file, keeping the first failure. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    buffers.close();
    CloseAll all = CloseAll.of(sources.values().stream().map(Source::channel).toList());
    sources.clear();
    all.closeIo();
  }
}
