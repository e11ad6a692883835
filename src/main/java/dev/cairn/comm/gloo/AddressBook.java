package dev.cairn.comm.gloo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.StringVector;

/**
 * Where one rank's Gloo finds the addresses of the others, and leaves its own: a store of PyTorch's
 * in a file of this rank alone. What is in it travels over the control channel. So Gloo needs no
 * server, with a port and a look-up of names of its own.
 */
final class AddressBook implements AutoCloseable {
  private static final String DEVICE = "0/"; // A group has one device.
  private static final long POLL_MILLIS = 1;

  private final Path file;
  private final FileStore store;
  private final FileStore reader;

  AddressBook() throws IOException {
    file = Files.createTempFile("cairn-gloo-", ".addresses");
    store = new FileStore(file.toString(), -1);
    reader = new FileStore(file.toString(), -1); // One each: a store keeps its place in the file.
  }

  FileStore handle() {
    return store;
  }

  /**
   * Returns the address of this rank, once its Gloo has left it here.
   *
   * @param group what it is left by; if that fails, so does this
   */
  byte[] awaitOwn(int rank, CompletableFuture<?> group) throws InterruptedException {
    try (StringVector key = new StringVector(DEVICE + rank)) {
      while (!reader.check(key)) {
        if (group.isCompletedExceptionally()) {
          group.join();
        }
        Thread.sleep(POLL_MILLIS);
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

  /** Deletes the file, whoever still uses it. */
  void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.getLogger(AddressBook.class.getName())
          .log(System.Logger.Level.DEBUG, "gloo: not deleted: " + file, e);
    }
  }

  /** Ends it; the group that reads from it has ended before. */
  @Override
  public void close() {
    reader.close();
    store.close();
    delete();
  }
}
