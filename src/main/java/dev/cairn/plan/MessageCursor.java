package dev.cairn.plan;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Picks one rank's pieces out of everybody's chunks. */
final class MessageCursor implements Iterator<Chunk> {
  private final Iterator<Chunk> chunks;
  private final int rank;
  private Iterator<Segment> pieces = List.<Segment>of().iterator();

  MessageCursor(Iterator<Chunk> chunks, int rank) {
    this.chunks = chunks;
    this.rank = rank;
  }

  @Override
  public boolean hasNext() {
    while (!pieces.hasNext() && chunks.hasNext()) {
      pieces = chunks.next().pieces().stream().filter(piece -> piece.rank() == rank).iterator();
    }
    return pieces.hasNext();
  }

  @Override
  public Chunk next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return new Chunk(List.of(pieces.next()));
  }
}
