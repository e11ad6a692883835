package dev.cairn.io;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

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
  public OutputFile create(Path file, long lengthBytes, long plannedBytes) throws IOException {
    FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE);
    try {
      if (!NativeFiles.reserve(file, lengthBytes)) {
        checkSpace(file, plannedBytes);
        setLength(channel, lengthBytes);
      }
      return new ChannelFile(file, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** What is left where the file system cannot reserve. */
  private static void checkSpace(Path file, long plannedBytes) throws IOException {
    if (!RESERVE_UNSUPPORTED_LOGGED.getAndSet(true)) {
      LOG.log(
          Level.INFO,
          "space is not reserved: the file system of {0} does not support it; free space is checked"
              + " instead",
          file);
    }
    boolean isKnown = file.toFile().getTotalSpace() > 0; // ramfs and some of FUSE tell nothing
    long freeBytes = file.toFile().getUsableSpace();
    if (isKnown && freeBytes < plannedBytes) {
      throw new IOException(
          "not enough space: plannedBytes=%d, freeBytes=%d, file=%s"
              .formatted(plannedBytes, freeBytes, file));
    }
  }

  private static void setLength(FileChannel channel, long lengthBytes) throws IOException {
    if (lengthBytes > 0) {
      channel.write(ByteBuffer.allocate(1), lengthBytes - 1);
    }
  }

  @Override
  public OutputFile open(Path file) throws IOException {
    return new ChannelFile(file, FileChannel.open(file, WRITE));
  }

  @Override
  public OutputFile openDirect(Path file) throws IOException {
    return new DirectFile(file, open(file));
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    Files.copy(source, target);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    try (OutputFile entries = new ChannelFile(folder, FileChannel.open(folder, READ))) {
      entries.force();
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
    try {
      Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      if (!Files.isDirectory(source, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      LOG.log(
          Level.WARNING,
          "moved file by file, as its file system cannot rename it: folder={0}, reason={1}",
          source,
          e.getReason());
      moveEntries(source, target);
    }
  }

  /** Moves what is in a folder, in order of names: a checkpoint's COMPLETED is among the first. */
  private void moveEntries(Path source, Path target) throws IOException {
    Files.createDirectory(target);
    try {
      for (Path entry : list(source)) {
        Path moved = target.resolve(entry.getFileName());
        if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
          moveEntries(entry, moved);
        } else {
          Files.move(entry, moved, StandardCopyOption.ATOMIC_MOVE);
        }
      }
      Files.delete(source);
    } catch (IOException e) {
      moveBack(target, source, e);
      throw e;
    }
  }

  /** A rename that failed has changed nothing. */
  private void moveBack(Path moved, Path source, IOException failure) {
    try {
      for (Path entry : list(moved)) {
        Files.move(entry, source.resolve(entry.getFileName()), StandardCopyOption.ATOMIC_MOVE);
      }
      Files.delete(moved);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    return NativeFiles.rename(first, second, RenameMode.EXCHANGE);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.delete(path);
  }

  @Override
  public void deleteTree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        path,
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

  @Override
  public InputFile openForReading(Path file) throws IOException {
    return RangeReader.open(file);
  }

  @Override
  public Optional<PathState> find(Path path) throws IOException {
    return state(path);
  }

  @Override
  public Optional<PathState> findHere(Path path) throws IOException {
    return state(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static Optional<PathState> state(Path path, LinkOption... options) throws IOException {
    try {
      BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class, options);
      return Optional.of(
          new PathState(kind(found), found.size(), found.lastModifiedTime().toInstant()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (FileSystemException e) {
      if (isBelowFile(path)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static boolean isBelowFile(Path path) {
    Path above = path.toAbsolutePath().getParent();
    while (above != null && !Files.exists(above)) {
      above = above.getParent();
    }
    return above != null && !Files.isDirectory(above);
  }

  private static PathState.Kind kind(BasicFileAttributes found) {
    if (found.isRegularFile()) {
      return PathState.Kind.FILE;
    }
    if (found.isDirectory()) {
      return PathState.Kind.FOLDER;
    }
    return found.isSymbolicLink() ? PathState.Kind.LINK : PathState.Kind.OTHER;
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return path.toRealPath();
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      entries.forEach(found::add);
    } catch (DirectoryIteratorException e) { // unchecked, of which no caller thinks
      throw e.getCause();
    }
    Collections.sort(found);
    return found;
  }

  @Override
  public void touch(Path file) throws IOException {
    // Written, not set: a time that is set is this machine's, one that follows from a write is that
    // of the server that keeps the file.
    try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
      ByteBuffer first = ByteBuffer.allocate(1);
      channel.read(first, 0);
      channel.write(first.flip(), 0);
    }
  }

  @Override
  public String fileSystemType(Path path) throws IOException {
    try {
      return Files.getFileStore(path).type().toLowerCase(Locale.ROOT);
    } catch (IOException e) {
      // In a root directory of its own (chroot) a process may not see what it is mounted from.
      Files.readAttributes(path, BasicFileAttributes.class);
      return "";
    }
  }
}
