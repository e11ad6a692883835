package dev.cairn.torchfile;

import dev.cairn.input.FileKind;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.checksum.StorageTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * An open file that {@code torch.save} wrote, of either format: what its pickle describes, and
 * where its storages lie.
 *
 * <p>Storages are byte ranges of the file and are never read here; any size and count works. One
 * thread; whoever opens it closes it.
 */
public abstract sealed class TorchFile implements AutoCloseable permits TorchArchive, LegacyFile {
  /** Pickles beyond this are refused unread: their parsing would look like a hang. */
  static final long MAX_PICKLE_BYTES = 512L << 20;

  private final Region channel;
  private FileChannel owned;
  private final Path file;

  TorchFile(Region channel, Path file) {
    this.channel = channel;
    this.file = file;
  }

  /**
   * Opens one and checks how it is made.
   *
   * @throws CorruptFileException if it is no such file, is cut short or contradicts itself
   */
  public static TorchFile open(Path file) throws IOException {
    Links.requireReadable(file);
    FileKind kind = FileKind.of(file);
    if (kind.refusal().isPresent()) {
      throw kind.refusal().get().of(file);
    }
    if (kind == FileKind.SAFETENSORS) {
      throw InputRefusal.SAFETENSORS_AS_TORCH.of(file);
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      TorchFile opened = open(Region.whole(channel), file, kind);
      if (opened instanceof TorchArchive archive) {
        SavedName.requireOwn(archive.savedName(), file);
      }
      opened.owned = channel;
      return opened;
    } catch (IOException | RuntimeException e) {
      CloseAll.of(channel).closeAfter(e);
      throw e;
    }
  }

  private static TorchFile open(Region region, Path file, FileKind kind) throws IOException {
    return kind == FileKind.TORCH_ZIP
        ? TorchArchive.open(region, file)
        : LegacyFile.open(region, file);
  }

  /**
   * Opens one that lies in a larger file, as torch's distributed checkpoints have them.
   *
   * @param channel of the larger file; borrowed, not closed here
   * @param offset where it begins
   * @param lengthBytes how long it is
   * @throws CorruptFileException if it is no such file, goes beyond the larger one, or contradicts
   *     itself
   */
  public static TorchFile openAt(FileChannel channel, Path file, long offset, long lengthBytes)
      throws IOException {
    if (offset < 0 || lengthBytes <= 0 || offset > channel.size() - lengthBytes) {
      throw new CorruptFileException(
          "tensor lies outside its file: fileOffset="
              + offset
              + ", lengthBytes="
              + lengthBytes
              + ", expected within "
              + channel.size()
              + ", file="
              + file
              + "; it is cut short, or of another save");
    }
    Region region = Region.within(channel, file, offset, lengthBytes);
    int firstBytes = (int) Math.min(FileKind.FIRST_BYTES, lengthBytes);
    byte[] first = new ByteInput(region, file, "first bytes", 0, firstBytes).readBytes(firstBytes);
    FileKind kind = FileKind.of(first);
    if (!kind.isTorch()) {
      throw new CorruptFileException(
          "no tensor where the checkpoint says: fileOffset="
              + offset
              + ", expected what torch.save writes, found "
              + kind
              + ", file="
              + file);
    }
    return open(region, file, kind);
  }

  /**
   * Reads a whole file and compares it with the checksums in it, where it has some.
   *
   * @throws CorruptFileException naming the first part that differs
   */
  public static void verify(Path file) throws IOException {
    try (TorchFile archive = open(file)) {
      archive.verify();
    }
  }

  /** Compares every storage with its checksum. */
  abstract void verify() throws IOException;

  final Path file() {
    return file;
  }

  final Region channel() {
    return channel;
  }

  /** Returns the value that was saved, in which tensors are descriptions. Nothing is run. */
  public abstract Object root() throws IOException;

  /**
   * Returns where the bytes of storage {@code key} lie in the file.
   *
   * @throws CorruptFileException if there is none, or it does not lie in the file
   */
  abstract ByteRange storage(String key) throws IOException;

  /** Reads up to 8 bytes at {@code fileOffset}, little endian. */
  public final ByteBuffer readSmall(long fileOffset, int lengthBytes) throws IOException {
    ByteInput input =
        new ByteInput(channel, file, "storage", fileOffset - channel.begin(), lengthBytes);
    return ByteBuffer.wrap(input.readBytes(lengthBytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public final void close() throws IOException {
    if (owned != null) {
      owned.close();
    }
  }

  /** Adds all storages that have checksums, with their places in the larger file, if it is one. */
  public abstract void addStorages(StorageTable.Builder table) throws IOException;

  /**
   * Returns the storages of a whole file that have checksums; none of one that is no torch file.
   */
  static StorageTable storages(Path file) throws IOException {
    if (FileKind.of(file) != FileKind.TORCH_ZIP) {
      return StorageTable.NONE;
    }
    try (TorchFile archive = open(file)) {
      StorageTable.Builder table = new StorageTable.Builder();
      archive.addStorages(table);
      return table.build();
    }
  }

  /** A range of the file: {@code lengthBytes} bytes from {@code offset}. */
  record ByteRange(long offset, long lengthBytes) {}
}
