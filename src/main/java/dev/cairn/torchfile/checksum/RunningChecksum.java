package dev.cairn.torchfile.checksum;

import dev.cairn.checksum.Crc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The checksum of one storage, put together from those of its parts while they are read in any
 * order. Any thread: a part belongs to whoever claims it first, and who has it computes its
 * checksum without a lock.
 */
final class RunningChecksum {
  /** More parts than these are not kept: a tensor that is stored transposed has a million. */
  private static final int MAX_PARTS = 4096;

  private final long begin;
  private final long end;
  private final TreeMap<Long, Part> parts = new TreeMap<>();
  private long unclaimedBytes;
  private boolean isGivenUp;

  /** Bytes that one reader has claimed, and perhaps their checksum. */
  static final class Part {
    private final long begin;
    private long end;
    private int crc32;
    private boolean isKnown;

    private Part(long begin, long end) {
      this.begin = begin;
      this.end = end;
    }

    long begin() {
      return begin;
    }

    int lengthBytes() {
      return Math.toIntExact(end - begin);
    }
  }

  /** Starts with nothing read of a storage. */
  RunningChecksum(long begin, long end) {
    this.begin = begin;
    this.end = end;
    this.unclaimedBytes = end - begin;
  }

  /**
   * Claims what nobody has claimed yet of a range of the file.
   *
   * @return at most 2 GiB each; each has to be told with {@link #tell}
   */
  synchronized List<Part> claim(long from, long to) {
    List<Part> claimed = new ArrayList<>(1);
    long at = Math.max(from, begin);
    long stop = Math.min(to, end);
    Map.Entry<Long, Part> before = parts.floorEntry(at);
    if (before != null) {
      at = Math.max(at, before.getValue().end);
    }
    while (at < stop && !isGivenUp) {
      Map.Entry<Long, Part> next = parts.ceilingEntry(at);
      long until = next == null ? stop : Math.min(stop, next.getKey());
      if (at < until) {
        Part part = new Part(at, until);
        parts.put(at, part);
        claimed.add(part);
        unclaimedBytes -= until - at;
      }
      at = next == null ? stop : next.getValue().end;
      isGivenUp = parts.size() > MAX_PARTS;
    }
    if (isGivenUp) {
      parts.clear();
      return List.of();
    }
    return claimed;
  }

  /** Claims all that is left if it is little; nothing otherwise. */
  synchronized List<Part> claimLast(int atMostBytes) {
    return unclaimedBytes > 0 && unclaimedBytes <= atMostBytes ? claim(begin, end) : List.of();
  }

  /**
   * Takes the checksum of a part.
   *
   * @return whether that of the whole storage is known now, which only one caller is told
   */
  synchronized boolean tell(Part part, int crc32) {
    if (isGivenUp) {
      return false;
    }
    part.crc32 = crc32;
    part.isKnown = true;
    Part whole = part;
    Map.Entry<Long, Part> before = parts.lowerEntry(part.begin);
    if (before != null && before.getValue().isKnown && before.getValue().end == part.begin) {
      whole = joined(before.getValue(), part);
    }
    Part after = parts.get(whole.end);
    if (after != null && after.isKnown) {
      whole = joined(whole, after);
    }
    return whole.begin == begin && whole.end == end;
  }

  private Part joined(Part one, Part next) {
    one.crc32 = Crc.CRC32.combine(one.crc32, next.crc32, next.end - next.begin);
    one.end = next.end;
    parts.remove(next.begin);
    return one;
  }

  /** Returns the checksum of the whole storage, once {@link #tell} said that it is known. */
  synchronized int crc32() {
    return parts.get(begin).crc32;
  }
}
