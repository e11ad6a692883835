package dev.cairn.plan;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;

/**
 * What the writer of a gather has to itself, and what others send it, in turns: so it always has
 * something to receive, and the network does not wait while it writes what is its own. What others
 * send stays in its order.
 */
final class InTurns implements Iterator<Chunk> {
  /** So many of its own chunks are passed at most in the search for one that others send. */
  private static final int MOST_AHEAD = 1024;

  private final Iterator<Chunk> chunks;
  private final int writer;
  private final int othersInARow;
  private final Queue<Chunk> own = new ArrayDeque<>();
  private Chunk sent;
  private int othersTaken;

  /**
   * Creates the order.
   *
   * @param chunks in file order
   * @param writer rank that receives
   * @param othersInARow how many chunks that others send come before one of the writer's own
   */
  InTurns(Iterator<Chunk> chunks, int writer, int othersInARow) {
    this.chunks = chunks;
    this.writer = writer;
    this.othersInARow = othersInARow;
  }

  @Override
  public boolean hasNext() {
    return sent != null || !own.isEmpty() || chunks.hasNext();
  }

  @Override
  public Chunk next() {
    lookAhead();
    boolean isOwnTurn = sent == null || othersTaken == othersInARow;
    if (isOwnTurn && !own.isEmpty()) {
      othersTaken = 0;
      return own.remove();
    }
    if (sent == null) {
      throw new NoSuchElementException();
    }
    Chunk next = sent;
    sent = null;
    othersTaken = Math.min(othersTaken + 1, othersInARow);
    return next;
  }

  private void lookAhead() {
    while (sent == null && own.size() < MOST_AHEAD && chunks.hasNext()) {
      Chunk chunk = chunks.next();
      if (chunk.pieces().stream().allMatch(piece -> piece.rank() == writer)) {
        own.add(chunk);
      } else {
        sent = chunk;
      }
    }
  }
}
