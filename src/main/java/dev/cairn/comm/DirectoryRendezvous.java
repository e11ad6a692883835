package dev.cairn.comm;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** Ranks of one host and one user that meet by a file in a directory. */
final class DirectoryRendezvous implements Rendezvous {
  private static final long POLL_MILLIS = 20;

  private final Path directory;
  private final Path file;
  private boolean published;

  DirectoryRendezvous(Path directory) {
    this.directory = directory;
    this.file = directory.resolve("cairn-rank0");
  }

  @Override
  public InetAddress bindAddress() {
    return InetAddress.getLoopbackAddress();
  }

  @Override
  public String advertisedHost() {
    return InetAddress.getLoopbackAddress().getHostAddress();
  }

  @Override
  public void publish(Endpoint endpoint) throws IOException {
    createDirectory();
    Set<PosixFilePermission> ownerOnly = PosixFilePermissions.fromString("rw-------");
    FileAttribute<?> mode = PosixFilePermissions.asFileAttribute(ownerOnly);
    Path unfinished = Files.createTempFile(directory, ".cairn-rank0-", ".tmp", mode);
    try {
      Files.write(unfinished, endpoint.encode());
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE); // Replaces a stale one.
      published = true;
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  private void createDirectory() throws IOException {
    try {
      Set<PosixFilePermission> ownerOnly = PosixFilePermissions.fromString("rwx------");
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(ownerOnly));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
  }

  @Override
  public Optional<Endpoint> find(long timeoutMillis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    while (true) {
      try {
        return Optional.of(Endpoint.parse(Files.readAllBytes(file)));
      } catch (NoSuchFileException notYet) {
        if (System.nanoTime() - deadline >= 0) {
          return Optional.empty();
        }
        Thread.sleep(POLL_MILLIS);
      } catch (IllegalArgumentException e) {
        throw new IOException("%s, file=%s".formatted(e.getMessage(), file), e);
      }
    }
  }

  @Override
  public String where() {
    return "directory " + directory;
  }

  @Override
  public void close() throws IOException {
    if (published) {
      Files.deleteIfExists(file);
    }
  }
}
