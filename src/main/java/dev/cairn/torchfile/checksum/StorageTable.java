package dev.cairn.torchfile.checksum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Where the storages of one file lie that have a checksum, and what it is. Immutable; any thread.
 */
public final class StorageTable {
  /** No storages. */
  public static final StorageTable NONE = new Builder().build();

  private final long[] begins;
  private final long[] ends;
  private final int[] crcs;

  private StorageTable(List<Storage> sorted) {
    begins = sorted.stream().mapToLong(Storage::begin).toArray();
    ends = sorted.stream().mapToLong(Storage::end).toArray();
    crcs = sorted.stream().mapToInt(Storage::crc32).toArray();
  }

  private record Storage(long begin, long end, int crc32) {}

  /** Returns how many there are. */
  public int size() {
    return begins.length;
  }

  long begin(int index) {
    return begins[index];
  }

  long end(int index) {
    return ends[index];
  }

  int crc32(int index) {
    return crcs[index];
  }

  /** Returns the last storage that begins at or before a byte of the file; -1 if there is none. */
  int at(long fileOffset) {
    int found = Arrays.binarySearch(begins, fileOffset);
    return found >= 0 ? found : -found - 2;
  }

  /** Collects the storages of a file. One thread. */
  public static final class Builder {
    private final List<Storage> storages = new ArrayList<>();

    /** Starts without any. */
    public Builder() {}

    /**
     * Adds a storage, unless it is empty or has no checksum.
     *
     * @param fileOffset of its first byte
     * @param crc32 0 for none
     */
    public Builder add(long fileOffset, long lengthBytes, int crc32) {
      if (lengthBytes > 0 && crc32 != 0) {
        storages.add(new Storage(fileOffset, fileOffset + lengthBytes, crc32));
      }
      return this;
    }

    /** Returns the storages that were added. */
    public StorageTable build() {
      storages.sort(Comparator.comparingLong(Storage::begin));
      return new StorageTable(storages);
    }
  }
}
