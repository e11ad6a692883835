package dev.cairn.torchfile;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.checksum.StorageTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * A {@code .pt} file as torch writes it: a zip of stored entries, one of them a pickle, the others
 * raw storages.
 *
 * <p>Storages are byte ranges of the file and are never read here; any size and count works. One
 * thread; whoever opens it closes it.
 */
final class TorchArchive extends TorchFile {
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int DESCRIPTOR_FLAG = 1 << 3;
  private static final int FULL = -1;

  /** A local header with torch's names and padding fits one read of this. */
  private static final int HEADER_READ_BYTES = 256;

  private static final String PICKLE = "/data.pkl";

  private final Map<String, ZipEntryInfo> entries;
  private final String folder;

  private TorchArchive(
      Region channel, Path file, Map<String, ZipEntryInfo> entries, String folder) {
    super(channel, file);
    this.entries = entries;
    this.folder = folder;
  }

  /** Checks the directory; does not close the channel if that fails. */
  static TorchArchive open(Region channel, Path file) throws IOException {
    Map<String, ZipEntryInfo> entries = ZipDirectory.read(channel, file);
    TorchArchive archive =
        new TorchArchive(channel, file, entries, findFolder(entries.keySet(), file));
    archive.checkByteOrder();
    return archive;
  }

  private static String findFolder(Iterable<String> names, Path file) throws CorruptFileException {
    String folder = null;
    for (String name : names) {
      if (name.endsWith(PICKLE) && name.indexOf('/') == name.length() - PICKLE.length()) {
        if (folder != null) {
          throw new CorruptFileException("more than one pickle in the archive: file=" + file);
        }
        folder = name.substring(0, name.length() - PICKLE.length() + 1);
      }
    }
    if (folder == null) {
      throw new CorruptFileException(
          "no pickle in the archive: expected one entry */data.pkl, file=" + file);
    }
    return folder;
  }

  /** Returns the name that it was saved under, without its ending; torch's own for a stream. */
  String savedName() {
    return folder.substring(0, folder.length() - 1);
  }

  private void checkByteOrder() throws IOException {
    ZipEntryInfo entry = entries.get(folder + "byteorder");
    if (entry == null) {
      return; // written before torch 2.1, always by little-endian machines in practice
    }
    long bytes = Math.min(entry.lengthBytes(), 16);
    byte[] text =
        new ByteInput(channel(), file(), "byteorder", dataOffset(entry), bytes)
            .readBytes((int) bytes);
    String order = new String(text, StandardCharsets.US_ASCII);
    if (!order.equals("little")) {
      throw new CorruptFileException(
          "byte order not supported: byteorder="
              + Printable.of(order)
              + ", expected little, file="
              + file());
    }
  }

  @Override
  public Object root() throws IOException {
    return PickleReader.read(pickle());
  }

  /**
   * Returns the pickle, its CRC-32 checked.
   *
   * @throws CorruptFileException if the bytes are not the ones that were written
   */
  private ByteInput pickle() throws IOException {
    ZipEntryInfo entry = entries.get(folder + "data.pkl");
    if (entry.lengthBytes() > MAX_PICKLE_BYTES) {
      throw new CorruptFileException(
          "pickle too long: lengthBytes="
              + entry.lengthBytes()
              + ", expected at most "
              + MAX_PICKLE_BYTES
              + ", file="
              + file());
    }
    long offset = dataOffset(entry);
    // torch.serialization.set_crc32_options(False) writes 0.
    if (entry.crc32() != 0) {
      checkCrc(entry, offset);
    }
    return new ByteInput(channel(), file(), "data.pkl", offset, entry.lengthBytes());
  }

  @Override
  void verify() throws IOException {
    for (ZipEntryInfo entry : entries.values()) {
      if (entry.crc32() != 0) {
        checkCrc(entry, dataOffset(entry));
      }
    }
  }

  private void checkCrc(ZipEntryInfo entry, long offset) throws IOException {
    CRC32 crc = new CRC32();
    ByteInput input = new ByteInput(channel(), file(), entry.name(), offset, entry.lengthBytes());
    while (input.remaining() > 0) {
      crc.update(input.readBytes((int) Math.min(input.remaining(), 1 << 16)));
    }
    if ((int) crc.getValue() != entry.crc32()) {
      throw new CorruptFileException(
          String.format(
              Locale.ROOT,
              "checksum of %s differs: crc32=%08x, expected %08x, file=%s; the file is damaged",
              entry.name().endsWith(PICKLE) ? "the pickle" : entry.name(),
              crc.getValue(),
              entry.crc32(),
              file()));
    }
  }

  @Override
  ByteRange storage(String key) throws IOException {
    ZipEntryInfo entry = entries.get(folder + "data/" + key);
    if (entry == null) {
      throw new CorruptFileException("storage is missing: storage=" + key + ", file=" + file());
    }
    return new ByteRange(dataOffset(entry), entry.lengthBytes());
  }

  @Override
  public void addStorages(StorageTable.Builder table) throws IOException {
    for (ZipEntryInfo entry : entries.values()) {
      if (entry.name().startsWith(folder + "data/")) {
        long offset = channel().begin() + dataOffset(entry);
        table.add(offset, entry.lengthBytes(), entry.crc32());
      }
    }
  }

  /** Reads the local header: only it knows how much padding comes before the data. */
  private long dataOffset(ZipEntryInfo entry) throws IOException {
    ByteInput header =
        new ByteInput(
            channel(),
            file(),
            "local header of " + entry.name(),
            entry.headerOffset(),
            entry.limitOffset() - entry.headerOffset(),
            HEADER_READ_BYTES);
    boolean fine = header.readInt() == LOCAL_SIGNATURE;
    header.skip(2);
    int flags = header.readUnsignedShort();
    int method = header.readUnsignedShort();
    header.skip(4);
    int crc32 = header.readInt();
    long storedBytes = header.readUnsignedInt();
    long plainBytes = header.readUnsignedInt();
    int nameBytes = header.readUnsignedShort();
    int extraBytes = header.readUnsignedShort();
    fine &= flags == entry.flags() && method == 0 && nameBytes == entry.nameBytes();
    if ((flags & DESCRIPTOR_FLAG) == 0) {
      fine &= crc32 == entry.crc32();
      fine &= sameLength(storedBytes, entry) && sameLength(plainBytes, entry);
    } else {
      fine &= storedBytes == 0 || sameLength(storedBytes, entry);
      fine &= plainBytes == 0 || sameLength(plainBytes, entry);
    }
    if (fine) {
      String name = new String(header.readBytes(nameBytes), StandardCharsets.UTF_8);
      header.skip(extraBytes);
      fine = name.equals(entry.name()) && header.remaining() >= entry.lengthBytes();
    }
    if (!fine) {
      throw new CorruptFileException(
          "local header contradicts the zip directory: entry=" + entry.name() + ", file=" + file());
    }
    return entry.headerOffset() + header.position();
  }

  private static boolean sameLength(long headerBytes, ZipEntryInfo entry) {
    return headerBytes == entry.lengthBytes() || (int) headerBytes == FULL;
  }
}
