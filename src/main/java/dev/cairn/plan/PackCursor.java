package dev.cairn.plan;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Puts small tensors of one file together, as many as fit. */
final class PackCursor implements Iterator<Chunk> {
  private final Iterator<Segment> tensors;
  private final long packBytes;
  private Segment ahead;

  /**
   * Creates a cursor.
   *
   * @param tensors whole ones by file, then by offset, none larger than a pack
   */
  PackCursor(Iterator<Segment> tensors, long packBytes) {
    this.tensors = tensors;
    this.packBytes = packBytes;
    ahead = following();
  }

  private Segment following() {
    return tensors.hasNext() ? tensors.next() : null;
  }

  @Override
  public boolean hasNext() {
    return ahead != null;
  }

  @Override
  public Chunk next() {
    if (ahead == null) {
      throw new NoSuchElementException();
    }
    List<Segment> pack = new ArrayList<>();
    int file = ahead.file();
    for (long room = packBytes;
        ahead != null && ahead.file() == file && ahead.lengthBytes() <= room;
        ahead = following()) {
      room -= ahead.lengthBytes();
      pack.add(ahead);
    }
    return new Chunk(pack);
  }
}
