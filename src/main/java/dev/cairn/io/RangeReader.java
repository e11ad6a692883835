package dev.cairn.io;

import dev.cairn.input.Links;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * Positioned reads of one file from any thread, which an interrupt cannot break.
 *
 * <p>Java closes a {@link FileChannel} when a thread that uses it is interrupted, for all threads.
 * The channel is then opened again, if the path still leads to the same file, and the read goes on;
 * the interrupt is set again afterwards.
 */
final class RangeReader implements InputFile {
  private final Path path;
  private final long lengthBytes;
  private final Object fileKey;
  private FileChannel channel; // guarded by this
  private int activeReads; // guarded by this
  private boolean closed; // guarded by this

  private RangeReader(Path path, FileChannel channel, BasicFileAttributes attributes) {
    this.path = path;
    this.channel = channel;
    this.lengthBytes = attributes.size();
    this.fileKey = attributes.fileKey();
  }

  static RangeReader open(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (attributes.isDirectory()) {
      throw new CorruptFileException("not a file but a folder: file=" + path);
    }
    Links.requireReadable(path);
    return new RangeReader(path, FileChannel.open(path, StandardOpenOption.READ), attributes);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public void read(long fileOffset, ByteBuffer target) throws IOException {
    boolean interrupted = false;
    long nextOffset = fileOffset;
    FileChannel current = beginRead();
    try {
      while (target.hasRemaining()) {
        int readBytes;
        try {
          readBytes = current.read(target, nextOffset);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted(); // or another reading thread was interrupted
          current = reopen(current, e);
          continue;
        }
        if (readBytes < 0) {
          throw new CorruptFileException(
              "file ended early: fileOffset=%d, expected %d more bytes, file=%s"
                  .formatted(nextOffset, target.remaining(), path));
        }
        nextOffset += readBytes;
      }
    } finally {
      endRead();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  synchronized FileChannel beginRead() {
    if (closed) {
      throw new IllegalStateException("safetensors file is closed: file=" + path);
    }
    activeReads++;
    return channel;
  }

  synchronized void endRead() {
    activeReads--;
  }

  private synchronized FileChannel reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (channel == broken) {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      if (now.size() != lengthBytes || !Objects.equals(now.fileKey(), fileKey)) {
        throw new IOException("file was replaced while it was read: file=" + path, cause);
      }
      channel = FileChannel.open(path, StandardOpenOption.READ);
    }
    return channel;
  }

  @Override
  public synchronized void close() throws IOException {
    if (activeReads > 0) {
      throw new IllegalStateException(
          "file is being read: reads=" + activeReads + ", file=" + path + "; close it afterwards");
    }
    closed = true;
    channel.close();
  }
}
