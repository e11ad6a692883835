package dev.cairn.torchfile;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a zip's central directory: stored entries only, every bound checked.
 *
 * <p>Refuses what torch never writes and what could mean two things to two readers: compression,
 * encryption, several volumes, duplicate names, entries that overlap.
 */
final class ZipDirectory {
  private static final int RECORD_SIGNATURE = 0x02014b50;
  private static final int RECORD_BYTES = 46;

  /** A model of 100 000 parameters, all frozen, has 200 000 entries in each rank's file. */
  private static final int MAX_ENTRIES = 250_000;

  private static final long MAX_DIRECTORY_BYTES = 32 << 20;
  private static final int MAX_NAME_BYTES = 4096;
  private static final int ENCRYPTED_FLAGS = 1 | 1 << 6 | 1 << 13;
  private static final int ZIP64_EXTRA = 1;
  private static final long FULL = 0xFFFF_FFFFL;
  private static final int LINK_TYPE = 0xA;

  private final ByteInput input;
  private final Path file;
  private final ZipEnd end;

  private ZipDirectory(ByteInput input, Path file, ZipEnd end) {
    this.input = input;
    this.file = file;
    this.end = end;
  }

  /** Returns the entries by name. */
  static Map<String, ZipEntryInfo> read(Region channel, Path file) throws IOException {
    ZipEnd end = ZipEnd.find(channel, file);
    if (end.entries() < 0
        || end.entries() > MAX_ENTRIES
        || end.directoryBytes() > MAX_DIRECTORY_BYTES
        || end.entries() > end.directoryBytes() / RECORD_BYTES) {
      throw new CorruptFileException(
          "zip directory has too many entries: entries="
              + end.entries()
              + ", expected at most "
              + Math.min(MAX_ENTRIES, end.directoryBytes() / RECORD_BYTES)
              + ", directoryBytes="
              + end.directoryBytes()
              + ", expected at most "
              + MAX_DIRECTORY_BYTES
              + ", file="
              + file);
    }
    ByteInput input =
        new ByteInput(channel, file, "zip directory", end.directoryOffset(), end.directoryBytes());
    return new ZipDirectory(input, file, end).readAll();
  }

  private Map<String, ZipEntryInfo> readAll() throws IOException {
    List<ZipEntryInfo> entries = new ArrayList<>((int) end.entries());
    for (long i = 0; i < end.entries(); i++) {
      entries.add(readRecord());
    }
    if (input.remaining() != 0) {
      throw input.corrupt("zip directory is longer than its entries");
    }
    entries.sort(Comparator.comparingLong(ZipEntryInfo::headerOffset));
    Map<String, ZipEntryInfo> byName = new HashMap<>(2 * entries.size());
    for (int i = 0; i < entries.size(); i++) {
      boolean last = i + 1 == entries.size();
      long limit = last ? end.directoryOffset() : entries.get(i + 1).headerOffset();
      ZipEntryInfo entry = entries.get(i).withLimit(limit);
      if (entry.leastEnd() > limit) {
        throw new CorruptFileException(
            (last ? "zip entry reaches into the directory: entry=" : "zip entries overlap: entry=")
                + entry.name()
                + ", endOffset="
                + entry.leastEnd()
                + ", expected at most "
                + limit
                + ", file="
                + file);
      }
      if (byName.put(entry.name(), entry) != null) {
        throw new CorruptFileException(
            "zip entry is there twice: entry=" + entry.name() + ", file=" + file);
      }
    }
    return byName;
  }

  private ZipEntryInfo readRecord() throws IOException {
    if (input.readInt() != RECORD_SIGNATURE) {
      throw input.corrupt("zip directory record has a wrong signature", input.position() - 4);
    }
    input.skip(4); // versions
    int flags = input.readUnsignedShort();
    int method = input.readUnsignedShort();
    input.skip(4); // time and date
    int crc32 = input.readInt();
    long storedBytes = input.readUnsignedInt();
    long plainBytes = input.readUnsignedInt();
    int nameBytes = input.readUnsignedShort();
    int extraBytes = input.readUnsignedShort();
    int commentBytes = input.readUnsignedShort();
    int volume = input.readUnsignedShort();
    input.skip(2); // internal attributes
    int unixType = (int) (input.readUnsignedInt() >>> 28);
    long headerOffset = input.readUnsignedInt();
    String name = readName(nameBytes);
    refuseUnless((flags & ENCRYPTED_FLAGS) == 0, "zip entry is encrypted", name);
    refuseUnless(method == 0, "zip entry is compressed, expected stored", name);
    refuseUnless(unixType != LINK_TYPE, "zip entry is a symbolic link", name);
    refuseUnless(volume == 0 || volume == 0xFFFF, "zip entry lies in another volume", name);
    long[] wide = {plainBytes, storedBytes, headerOffset};
    readZip64(extraBytes, wide, name);
    input.skip(commentBytes);
    refuseUnless(wide[0] == wide[1], "zip entry has two different sizes", name);
    long room = end.directoryOffset() - ZipEntryInfo.LOCAL_HEADER_BYTES - nameBytes;
    refuseUnless(
        wide[1] >= 0 && wide[2] >= 0 && wide[1] <= room && wide[2] <= room - wide[1],
        "zip entry lies outside the file: headerOffset=" + wide[2] + ", lengthBytes=" + wide[1],
        name);
    return new ZipEntryInfo(name, wide[2], wide[1], crc32, flags, nameBytes, 0);
  }

  /** Replaces the fields that are full with the wide ones of the zip64 extra field. */
  private void readZip64(int extraBytes, long[] fields, String name) throws IOException {
    long extraEnd = input.position() + extraBytes;
    boolean wanted = fields[0] == FULL || fields[1] == FULL || fields[2] == FULL;
    while (extraEnd - input.position() >= 4) {
      int id = input.readUnsignedShort();
      int bytes = input.readUnsignedShort();
      long blockEnd = input.position() + bytes;
      refuseUnless(blockEnd <= extraEnd, "zip entry has a cut extra field", name);
      if (id == ZIP64_EXTRA && wanted) {
        for (int i = 0; i < fields.length; i++) {
          if (fields[i] == FULL) {
            refuseUnless(blockEnd - input.position() >= 8, "zip64 field is cut short", name);
            fields[i] = input.readLong();
          }
        }
        wanted = false;
      }
      input.skip(blockEnd - input.position());
    }
    input.skip(extraEnd - input.position());
    refuseUnless(!wanted, "zip64 field is missing", name);
  }

  private String readName(int nameBytes) throws IOException {
    if (nameBytes > MAX_NAME_BYTES || nameBytes == 0) {
      throw input.corrupt(
          "zip entry name has an odd length: nameBytes="
              + nameBytes
              + ", expected 1 to "
              + MAX_NAME_BYTES);
    }
    byte[] bytes = input.readBytes(nameBytes);
    String name;
    try {
      name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFileException("zip entry name is not UTF-8: file=" + file, e);
    }
    boolean odd =
        name.startsWith("/")
            || name.indexOf('\\') >= 0
            || name.indexOf('\0') >= 0
            || ("/" + name + "/").contains("/../");
    refuseUnless(!odd, "zip entry name leads out of the archive", name);
    return name;
  }

  private void refuseUnless(boolean fine, String message, String name) throws CorruptFileException {
    if (!fine) {
      throw new CorruptFileException(message + ": entry=" + Printable.of(name) + ", file=" + file);
    }
  }
}
