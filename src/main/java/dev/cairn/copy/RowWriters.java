package dev.cairn.copy;

import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.util.List;

/**
 * Who writes the chunks of interleaved tensors: rank 0, or in turns those who hold some of them.
 * The same on every rank that asks for the same chunks in the same order. Not thread-safe.
 */
public final class RowWriters {
  private final boolean gathers;
  private int chunks;

  /**
   * Begins before the first chunk.
   *
   * @param gathers whether rank 0 alone writes
   */
  public RowWriters(boolean gathers) {
    this.gathers = gathers;
  }

  /**
   * {@return the rank that writes the next chunk}
   *
   * @param chunk the next one
   */
  public int of(Chunk chunk) {
    List<Segment> pieces = chunk.pieces();
    return gathers ? 0 : pieces.get(chunks++ % pieces.size()).rank();
  }
}
