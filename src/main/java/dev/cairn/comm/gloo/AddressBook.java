package dev.cairn.comm.gloo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.StringVector;

/**
 * Where one rank's Gloo finds the addresses of the others, and leaves its own: a store of PyTorch's
 * in a file of this rank alone, which has no name. What is in it travels over the control channel.
 * So Gloo needs no server, with a port and a look-up of names of its own.
 */
final class AddressBook implements AutoCloseable {
  private static final String DEVICE = "0/"; // A group has one device.
  private static final long POLL_MILLIS = 1;
  private static final int ROOM_BYTES = 64 << 10; // The address of a rank of thousands has less.

  /** Where the file may be, the first that has room: it lives until the ranks are connected. */
  private static final List<Path> FOLDERS =
      List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/dev/shm"));

  private final NamelessFile file;
  private final FileStore store;
  private final FileStore reader;

  AddressBook() throws IOException {
    this(FOLDERS);
  }

  AddressBook(List<Path> folders) throws IOException {
    file = create(folders);
    store = new FileStore(file.path().toString(), -1);
    reader =
        new FileStore(file.path().toString(), -1); // One each: a store keeps its place in the file.
  }

  /** A full or read-only temporary folder must not keep a save from another file system. */
  private static NamelessFile create(List<Path> folders) throws IOException {
    IOException refused = new IOException("no folder for a small file: " + folders);
    for (Path folder : folders) {
      try {
        return NamelessFile.in(folder, ROOM_BYTES);
      } catch (IOException e) {
        refused.addSuppressed(e);
      }
    }
    throw refused;
  }

  FileStore handle() {
    return store;
  }

  /**
   * Returns the address of this rank, once its Gloo has left it here. No interrupt ends that.
   *
   * @param group what it is left by; if that fails, so does this
   * @throws CompletionException with its failure
   */
  byte[] awaitOwn(int rank, CompletableFuture<?> group) {
    try (StringVector key = new StringVector(DEVICE + rank)) {
      while (!reader.check(key)) {
        group.copy().completeOnTimeout(null, POLL_MILLIS, TimeUnit.MILLISECONDS).join();
      }
    }
    try (ByteVector value = reader.get(DEVICE + rank)) {
      byte[] bytes = new byte[Math.toIntExact(value.size())];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = value.get(i);
      }
      return bytes;
    }
  }

  /** Tells this rank's Gloo another rank's address. */
  void put(int rank, byte[] address) {
    try (ByteVector value = new ByteVector(address)) {
      reader.set(DEVICE + rank, value);
    }
  }

  /**
   * Ends it. Whoever reads from it has ended before: a group, or what was to become one. May be
   * called twice.
   */
  @Override
  public void close() {
    reader.close();
    store.close(); // Writes once more into the file.
    file.close();
  }
}
