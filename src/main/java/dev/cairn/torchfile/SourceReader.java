package dev.cairn.torchfile;

import dev.cairn.io.SourceRange;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.CorruptFileException;
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
 * <p>Files are opened at their first use and stay open. Any thread, any number at once; whoever
 * makes it closes it.
 */
public final class SourceReader implements AutoCloseable {
  private static final int WINDOW_BYTES = 1 << 16;

  private final Map<Path, FileChannel> channels = new HashMap<>();
  private boolean closed;

  /** Creates a reader that has no file open. */
  public SourceReader() {}

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
    FileChannel channel = channel(range.file());
    int lengthBytes = Math.toIntExact(range.lengthBytes());
    if (range.isContiguous()) {
      int limit = target.limit();
      target.limit(target.position() + lengthBytes);
      readFully(channel, range, range.fileOffset(), target);
      target.limit(limit);
    } else {
      gather(channel, range, target);
    }
  }

  /** Reads windows of the file and picks the elements out of them. */
  private static void gather(FileChannel channel, SourceRange range, ByteBuffer target)
      throws IOException {
    int width = range.dtype().bits() / 8;
    long stride = range.strideBytes();
    long perWindow =
        stride == 0 ? Long.MAX_VALUE : Math.max(1, (WINDOW_BYTES - width) / stride + 1);
    ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
    for (long at = 0; at < range.elements(); ) {
      int count = (int) Math.min(perWindow, range.elements() - at);
      window.clear().limit((int) ((count - 1) * stride) + width);
      readFully(channel, range, range.fileOffset() + at * stride, window);
      for (int i = 0; i < count; i++) {
        target.put(window.array(), (int) (i * stride), width);
      }
      at += count;
    }
  }

  private static void readFully(
      FileChannel channel, SourceRange range, long fileOffset, ByteBuffer target)
      throws IOException {
    long at = fileOffset;
    while (target.hasRemaining()) {
      int count = channel.read(target, at);
      if (count < 0) {
        throw new CorruptFileException(
            "file got shorter while it was read: fileOffset=" + at + ", file=" + range.file());
      }
      at += count;
    }
  }

  private synchronized FileChannel channel(Path file) throws IOException {
    if (closed) {
      throw new IllegalStateException("range reader is closed");
    }
    FileChannel channel = channels.get(file);
    if (channel == null) {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      channels.put(file, channel);
    }
    return channel;
  }

  /** Closes every file, keeping the first failure. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    CloseAll all = CloseAll.of(channels.values());
    channels.clear();
    all.closeIo();
  }
}
