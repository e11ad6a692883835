package dev.cairn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An open channel and the path that its errors name.
 *
 * @param file the path
 * @param channel closed with this
 * @param turn held by the thread that writes
 */
record ChannelFile(Path file, FileChannel channel, Lock turn) implements OutputFile {
  ChannelFile(Path file, FileChannel channel) {
    this(file, channel, new ReentrantLock());
  }

  /**
   * One thread at a time: the kernel lets only one write into a file's pages anyway, and the others
   * would spin on its lock instead of filling their buffers.
   */
  @Override
  public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
    long offset = fileOffset;
    turn.lock();
    try {
      while (bytes.hasRemaining()) {
        offset += channel.write(bytes, offset); // may be less than what remains
      }
    } catch (IOException e) {
      throw new IOException(
          "write failed: %s, file=%s, fileOffset=%d".formatted(e.getMessage(), file, offset), e);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public void willForce(long fileOffset, long lengthBytes) throws IOException {
    NativeFiles.startWriteBack(file, fileOffset, lengthBytes);
  }

  @Override
  public void writeBack(long fileOffset, long lengthBytes) throws IOException {
    NativeFiles.writeBack(file, fileOffset, lengthBytes);
  }

  @Override
  public void force() throws IOException {
    try {
      channel.force(true);
    } catch (IOException e) {
      throw new IOException("force failed: %s, file=%s".formatted(e.getMessage(), file), e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
