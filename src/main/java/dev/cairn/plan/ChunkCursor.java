package dev.cairn.plan;

import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Cuts segments into chunks: long segments are split at element borders, and short ones that follow
 * each other in a file share a chunk, so that a thousand norms cost one write. A chunk ends where a
 * multiple of its size lies in the file, if an element ends there: so most writes are of whole
 * pages.
 *
 * <p>Not thread-safe.
 */
public final class ChunkCursor implements Iterator<Chunk> {
  private final SavePlan plan;
  private final Iterator<Segment> segments;
  private final int chunkBytes;
  private Segment rest;

  /**
   * Creates a cursor.
   *
   * @param plan that the segments are of
   * @param segments by file, then by offset
   * @param chunkBytes size of a staging buffer; room for at least eight elements of any dtype
   */
  public ChunkCursor(SavePlan plan, Iterator<Segment> segments, int chunkBytes) {
    if (chunkBytes < 64) {
      throw new IllegalArgumentException(
          "staging buffer too small: chunkBytes=" + chunkBytes + ", expected at least 64");
    }
    this.plan = plan;
    this.segments = segments;
    this.chunkBytes = chunkBytes;
    this.rest = following();
  }

  private Segment following() {
    return segments.hasNext() ? segments.next() : null;
  }

  @Override
  public boolean hasNext() {
    return rest != null;
  }

  @Override
  public Chunk next() {
    if (rest == null) {
      throw new NoSuchElementException();
    }
    long room = chunkBytes - rest.fileOffset() % chunkBytes;
    Segment first = take(room);
    if (first == null) { // an element lies across the border
      room = chunkBytes;
      first = take(room);
    }
    if (!continues(first)) {
      return new Chunk(List.of(first)); // the usual one: no list has to grow
    }
    List<Segment> pieces = new ArrayList<>();
    for (Segment last = first; last != null; last = continues(last) ? take(room) : null) {
      pieces.add(last);
      room -= last.lengthBytes();
    }
    return new Chunk(List.copyOf(pieces));
  }

  private boolean continues(Segment last) {
    return rest != null && rest.file() == last.file() && rest.fileOffset() == last.fileEnd();
  }

  /** Takes as much of the rest as fits, or null when not one element does. */
  private Segment take(long room) {
    if (rest.lengthBytes() <= room) {
      Segment whole = rest;
      rest = following();
      return whole;
    }
    DType saved = plan.tensors().get(rest.tensor()).info().dtype();
    long elements = room * 8 / saved.bits();
    if (saved.bits() % 8 != 0) {
      elements -= elements % 8; // eight elements of any sub-byte dtype end on a byte
    }
    if (elements == 0) {
      return null;
    }
    Segment part = rest.part(0, elements, saved);
    rest = rest.part(elements, rest.elements() - elements, saved);
    return part;
  }
}
