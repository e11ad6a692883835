package dev.cairn.io;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The file system of this machine, network mounts included. */
enum LocalDisk implements Disk {
  INSTANCE;

  private static final Logger LOG = System.getLogger(LocalDisk.class.getName());
  private static final AtomicBoolean RESERVE_UNSUPPORTED_LOGGED = new AtomicBoolean();

  @Override
  public void createFolder(Path folder) throws IOException {
    Files.createDirectory(folder);
  }

  @Override
  public OutputFile create(Path file, long lengthBytes) throws IOException {
    FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE);
    try {
      if (!NativeFiles.reserve(file, lengthBytes)) {
        setLength(file, channel, lengthBytes);
      }
      return new ChannelFile(file, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** What is left where the file system cannot reserve: a length, and a look at the free space. */
  private static void setLength(Path file, FileChannel channel, long lengthBytes)
      throws IOException {
    if (!RESERVE_UNSUPPORTED_LOGGED.getAndSet(true)) {
      LOG.log(
          Level.INFO,
          "space is not reserved: the file system of {0} does not support it; free space is checked"
              + " instead",
          file);
    }
    long freeBytes = Files.getFileStore(file).getUsableSpace();
    if (freeBytes < lengthBytes) {
      throw new IOException(
          "not enough space: lengthBytes=%d, freeBytes=%d, file=%s"
              .formatted(lengthBytes, freeBytes, file));
    }
    if (lengthBytes > 0) {
      channel.write(ByteBuffer.allocate(1), lengthBytes - 1);
    }
  }

  @Override
  public OutputFile open(Path file) throws IOException {
    return new ChannelFile(file, FileChannel.open(file, WRITE));
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    Files.copy(source, target);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, READ)) {
      channel.force(true);
    }
  }

  @Override
  public void rename(Path source, Path target) throws IOException {
    if (NativeFiles.rename(source, target, RenameMode.NO_REPLACE)) {
      return;
    }
    if (Files.exists(target)) { // not atomic: the file system has no rename that refuses to replace
      throw new FileAlreadyExistsException(target.toString());
    }
    Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    return NativeFiles.rename(first, second, RenameMode.EXCHANGE);
  }

  @Override
  public void delete(Path file) throws IOException {
    Files.delete(file);
  }

  @Override
  public void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** An open channel and the path that its errors name. */
  private record ChannelFile(Path file, FileChannel channel, Lock turn) implements OutputFile {
    ChannelFile(Path file, FileChannel channel) {
      this(file, channel, new ReentrantLock());
    }

    /**
     * One thread at a time: the kernel lets only one write into a file's pages anyway, and the
     * others would spin on its lock instead of filling their buffers.
     */
    @Override
    public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
      long offset = fileOffset;
      turn.lock();
      try {
        while (bytes.hasRemaining()) {
          offset += channel.write(bytes, offset);
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
      NativeFiles.advise(file, fileOffset, lengthBytes, Advice.WRITE_BACK);
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
}
