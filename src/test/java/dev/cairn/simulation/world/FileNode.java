package dev.cairn.simulation.world;

import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/** A file: its bytes as programs see them, and as they are on the disk. */
final class FileNode implements Node {
  private static final int BLOCK_BYTES = 512;

  private byte[] bytes = {};
  private byte[] forced = {};
  private final BitSet dirty = new BitSet();
  private Instant modified;
  private int version;

  FileNode(Instant created) {
    modified = created;
  }

  @Override
  public Instant modified() {
    return modified;
  }

  void touch(Instant now) {
    modified = now;
  }

  byte[] bytes() {
    return bytes;
  }

  void extend(int lengthBytes, Instant now) {
    if (lengthBytes > bytes.length) {
      int old = bytes.length;
      bytes = Arrays.copyOf(bytes, lengthBytes);
      mark(old, lengthBytes - old);
    }
    modified = now;
  }

  void write(int offset, byte[] written, Instant now) {
    extend(Math.max(bytes.length, offset + written.length), now);
    System.arraycopy(written, 0, bytes, offset, written.length);
    mark(offset, written.length);
  }

  @Override
  public long version() {
    return version;
  }

  private void mark(int offset, int lengthBytes) {
    version++;
    if (lengthBytes > 0) {
      dirty.set(offset / BLOCK_BYTES, (offset + lengthBytes - 1) / BLOCK_BYTES + 1);
    }
  }

  /** Brings to the disk what has been written since the last time. */
  void force() {
    byte[] whole = Arrays.copyOf(forced, bytes.length);
    dirty.stream().forEach(block -> copyBlock(bytes, whole, block));
    forced = whole;
    dirty.clear();
  }

  /** The disk has failed: what was to be forced counts as clean, and will not be tried again. */
  void loseForced() {
    dirty.clear();
  }

  private static void copyBlock(byte[] source, byte[] target, int block) {
    int offset = block * BLOCK_BYTES;
    int count = Math.min(BLOCK_BYTES, Math.min(source.length, target.length) - offset);
    if (count > 0) {
      System.arraycopy(source, offset, target, offset, count);
    }
  }

  @Override
  public void cutPower(Loss loss, SplittableRandom random) {
    byte[] whole = forced;
    if (!Arrays.equals(bytes, forced) && loss != Loss.ALL) {
      whole = Arrays.copyOf(forced, keeps(loss, random) ? bytes.length : forced.length);
      for (int block = 0; block * BLOCK_BYTES < whole.length; block++) {
        if (keeps(loss, random)) {
          copyBlock(bytes, whole, block);
        }
      }
    }
    version++;
    bytes = whole.clone();
    forced = whole.clone();
    dirty.clear();
  }

  private static boolean keeps(Loss loss, SplittableRandom random) {
    return loss == Loss.NOTHING || random.nextBoolean();
  }
}
