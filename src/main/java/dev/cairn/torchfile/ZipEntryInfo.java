package dev.cairn.torchfile;

/**
 * One entry of a zip's central directory.
 *
 * @param name the whole name, archive folder included
 * @param headerOffset where its local header begins, in bytes from the start of the file
 * @param lengthBytes stored bytes
 * @param crc32 CRC-32 of the stored bytes; 0 where the writer did not compute it
 * @param flags general purpose bit flags
 * @param nameBytes length of the name in UTF-8
 * @param limitOffset first byte that belongs to the next entry or to the directory
 */
record ZipEntryInfo(
    String name,
    long headerOffset,
    long lengthBytes,
    int crc32,
    int flags,
    int nameBytes,
    long limitOffset) {
  static final int LOCAL_HEADER_BYTES = 30;

  /** Returns the least end of this entry: its local header may still hold padding. */
  long leastEnd() {
    return headerOffset + LOCAL_HEADER_BYTES + nameBytes + lengthBytes;
  }

  ZipEntryInfo withLimit(long newLimitOffset) {
    return new ZipEntryInfo(
        name, headerOffset, lengthBytes, crc32, flags, nameBytes, newLimitOffset);
  }
}
