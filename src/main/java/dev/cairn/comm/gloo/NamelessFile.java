package dev.cairn.comm.gloo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that has lost its name as soon as it was made: a process that is killed leaves nothing.
 * Other code of this process opens it by its descriptor, {@code /proc/self/fd/N}.
 */
final class NamelessFile implements AutoCloseable {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  /**
   * Those that are open. One that nobody refers to would be closed by the garbage collector, and
   * its number would become another file's while somebody still writes by it.
   */
  private static final Set<NamelessFile> OPEN = ConcurrentHashMap.newKeySet();

  private final FileChannel channel;
  private final Path path;

  private NamelessFile(FileChannel channel, Path path) {
    this.channel = channel;
    this.path = path;
  }

  /**
   * Makes an empty one.
   *
   * @param roomBytes for so much there is room, or it fails
   */
  static NamelessFile in(Path folder, int roomBytes) throws IOException {
    String name = "cairn-gloo-" + UUID.randomUUID();
    Set<StandardOpenOption> options =
        Set.of(
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE); // On Linux: at once.
    FileChannel channel =
        FileChannel.open(
            folder.resolve(name),
            options,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      ByteBuffer room = ByteBuffer.allocate(roomBytes);
      while (room.hasRemaining()) {
        channel.write(room);
      }
      channel.truncate(0);
      NamelessFile file = new NamelessFile(channel, descriptor(name));
      OPEN.add(file);
      return file;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static Path descriptor(String name) throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : descriptors) {
        try {
          if (Files.readSymbolicLink(descriptor).toString().contains(name)) {
            return descriptor;
          }
        } catch (NoSuchFileException e) {
          // Another thread has closed it.
        }
      }
    }
    throw new IOException("no descriptor of an open file in " + DESCRIPTORS);
  }

  /** Returns by what it can be opened until it is closed. */
  Path path() {
    return path;
  }

  /** Closes it; nobody opens it any more. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(NamelessFile.class.getName())
          .log(System.Logger.Level.DEBUG, "gloo: not closed: " + path, e);
    }
    OPEN.remove(this);
  }
}
