package dev.cairn.plan;

import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

/** Picks chunks out of others. */
public final class Chunks {
  private Chunks() {}

  /**
   * {@return the chunks that are wanted, in the same order, made as they are read}
   *
   * @param chunks read as far as the result is
   * @param wanted asked once for each, in order
   */
  public static Iterator<Chunk> only(Iterator<Chunk> chunks, Predicate<Chunk> wanted) {
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(chunks, Spliterator.ORDERED), false)
        .filter(wanted)
        .iterator();
  }
}
