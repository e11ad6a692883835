package dev.cairn.peft.stored;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What is needed only around its turn: made by the first thread that wants it, kept while some
 * thread uses it, and a little longer, as the next range often wants it again. Any thread.
 *
 * @param <K> what it is made of
 * @param <V> closed when its turn is over
 */
public final class Turns<K, V extends Turns.Sized> implements AutoCloseable {
  /** So many stay at least, whatever they hold: the parts of a fused weight take turns quickly. */
  private static final int MIN_IDLE = 3;

  private static final int MAX_IDLE = 16;

  private final long maxIdleBytes;
  private final Making<K, V> making;
  private final List<Entry> entries = new ArrayList<>(); // least recently taken first

  /** Something in memory. */
  public interface Sized extends AutoCloseable {
    long lengthBytes();

    @Override
    void close();
  }

  /** Makes a thing. */
  public interface Making<K, V> {
    V make(K key) throws IOException;
  }

  /**
   * Starts with nothing made.
   *
   * @param maxIdleBytes how much stays in memory that no thread uses
   */
  public Turns(long maxIdleBytes, Making<K, V> making) {
    this.maxIdleBytes = maxIdleBytes;
    this.making = making;
  }

  /** A thing in use until it is closed. */
  public final class Lease implements AutoCloseable {
    private final Entry entry;
    private final V value;

    private Lease(Entry entry) throws IOException {
      this.entry = entry;
      this.value = entry.value();
    }

    public V value() {
      return value;
    }

    @Override
    public void close() {
      giveBack(entry);
    }
  }

  private final class Entry {
    private final K key;
    private V value;
    private int users;

    Entry(K key) {
      this.key = key;
    }

    /** The lock is this one's alone: others are made meanwhile. */
    synchronized V value() throws IOException {
      if (value == null) {
        value = making.make(key);
      }
      return value;
    }

    synchronized long lengthBytes() {
      return value == null ? 0 : value.lengthBytes();
    }

    synchronized void close() {
      if (value != null) {
        value.close();
        value = null;
      }
    }
  }

  /** Lends the thing that is made of {@code key}. */
  public Lease take(K key) throws IOException {
    Entry entry = find(key);
    try {
      return new Lease(entry);
    } catch (IOException | RuntimeException | Error e) {
      giveBack(entry);
      throw e;
    }
  }

  private synchronized Entry find(K key) {
    Entry found = null;
    for (Entry entry : entries) {
      found = entry.key.equals(key) ? entry : found;
    }
    if (found == null) {
      found = new Entry(key);
    } else {
      entries.remove(found);
    }
    entries.add(found);
    found.users++;
    return found;
  }

  private synchronized void giveBack(Entry entry) {
    entry.users--;
    List<Entry> idle = new ArrayList<>();
    long idleBytes = 0;
    for (Entry each : entries) {
      if (each.users == 0) {
        idle.add(each);
        idleBytes += each.lengthBytes();
      }
    }
    int left = idle.size();
    for (Entry oldest : idle) {
      if (left > MAX_IDLE || (left > MIN_IDLE && idleBytes > maxIdleBytes)) {
        idleBytes -= oldest.lengthBytes();
        left--;
        entries.remove(oldest);
        oldest.close();
      }
    }
  }

  @Override
  public synchronized void close() {
    entries.forEach(Entry::close);
    entries.clear();
  }
}
