package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InTurnsTest {
  private static final int WRITER = 0;

  /** Returns the ranks of chunks of one piece each, after they were put in turns. */
  private static List<Integer> inTurns(int othersInARow, List<Integer> ranks) {
    List<Integer> order = new ArrayList<>();
    Iterator<Chunk> inFileOrder = ranks.stream().map(rank -> chunk(List.of(rank))).iterator();
    Iterator<Chunk> chunks = new InTurns(inFileOrder, WRITER, othersInARow);
    chunks.forEachRemaining(chunk -> order.add(chunk.pieces().get(0).rank()));
    assertThrows(NoSuchElementException.class, chunks::next);
    return order;
  }

  private static Chunk chunk(List<Integer> ranks) {
    return new Chunk(ranks.stream().map(rank -> new Segment(rank, 0, 0, 1, 0, 0, 1, 0)).toList());
  }

  @Test
  void asManyOfTheOthersComeBeforeEachOfTheWriters() {
    assertEquals(List.of(1, 0, 1, 0, 1, 0), inTurns(1, List.of(0, 0, 0, 1, 1, 1)));
    assertEquals(List.of(1, 1, 0, 2, 2, 0), inTurns(2, List.of(0, 0, 1, 1, 2, 2)));
  }

  @Test
  void withoutOneKindTheOtherComesInItsOrder() {
    assertEquals(List.of(1, 0, 0, 0), inTurns(1, List.of(0, 0, 0, 1)));
    assertEquals(List.of(1, 2, 3, 0), inTurns(2, List.of(1, 2, 3, 0)));
    assertEquals(List.of(0, 0), inTurns(3, List.of(0, 0)));
    assertEquals(List.of(), inTurns(1, List.of()));
  }

  @Test
  void chunkOfWhichOthersHaveAPartIsReceived() {
    List<Chunk> chunks = List.of(chunk(List.of(0)), chunk(List.of(0, 1)));
    assertEquals(chunks.get(1), new InTurns(chunks.iterator(), WRITER, 1).next());
  }

  /** However much the writer has to itself, little of it is kept in mind. */
  @Test
  void searchForWhatOthersSendEnds() {
    int many = 10_000;
    int[] taken = {0};
    Iterator<Chunk> own =
        IntStream.range(0, many).mapToObj(index -> chunk(List.of(WRITER))).iterator();
    Iterator<Chunk> counted =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return own.hasNext();
          }

          @Override
          public Chunk next() {
            taken[0]++;
            return own.next();
          }
        };
    new InTurns(counted, WRITER, 1).next();
    assertEquals(1024, taken[0]);
    assertEquals(Collections.nCopies(many, WRITER), inTurns(1, Collections.nCopies(many, WRITER)));
  }
}
