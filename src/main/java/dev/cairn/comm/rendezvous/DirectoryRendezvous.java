package dev.cairn.comm.rendezvous;

import dev.cairn.comm.control.Run;
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
public final class DirectoryRendezvous implements Rendezvous {
  private static final long POLL_MILLIS = 20;

  private final Path directory;
  private final Path file;
  private Optional<Endpoint> published = Optional.empty();

  /** Creates a rendezvous in a directory, which several runs may share. */
  public DirectoryRendezvous(Path directory, Run run) {
    this.directory = directory;
    this.file = directory.resolve("cairn-rank0" + run.suffix());
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
  public Optional<Endpoint> publish(Endpoint endpoint, Optional<Endpoint> stale)
      throws IOException {
    createDirectory();
    Optional<Endpoint> there = Endpoint.otherThan(stale, read());
    if (there.isEmpty()) {
      write(endpoint);
    }
    return there;
  }

  @Override
  public Optional<Endpoint> rival(Endpoint own) throws IOException {
    return Endpoint.otherThan(Optional.of(own), read());
  }

  private Optional<byte[]> read() throws IOException {
    try {
      return Optional.of(Files.readAllBytes(file));
    } catch (NoSuchFileException notYet) {
      return Optional.empty();
    }
  }

  private synchronized void write(Endpoint endpoint) throws IOException {
    Set<PosixFilePermission> ownerOnly = PosixFilePermissions.fromString("rw-------");
    FileAttribute<?> mode = PosixFilePermissions.asFileAttribute(ownerOnly);
    Path unfinished = Files.createTempFile(directory, ".cairn-rank0-", ".tmp", mode);
    try {
      Files.write(unfinished, endpoint.encode());
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE); // Replaces a stale one.
      published = Optional.of(endpoint);
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
      Optional<byte[]> found = read();
      if (found.isPresent() || System.nanoTime() - deadline >= 0) {
        return Endpoint.parseFound(found, "file=" + file);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  @Override
  public boolean lingers() {
    return true;
  }

  @Override
  public String where() {
    return "directory " + directory;
  }

  @Override
  public synchronized void close() throws IOException {
    Optional<Endpoint> withdrawn = published;
    published = Optional.empty();
    if (withdrawn.isPresent() && rival(withdrawn.get()).isEmpty()) { // Not the next group's.
      Files.deleteIfExists(file);
    }
  }
}
