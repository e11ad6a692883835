package dev.cairn.plan;

import java.util.Iterator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/**
 * Which messages a gather consists of: derived from the plan alone, so that sender and receiver
 * agree without talking.
 *
 * <p>A message has a cost of its own, whatever its length. So a rank's pieces of small tensors
 * travel together, in one message for each pack; the pieces of the others travel one by one, from
 * where they lie straight to where they are written from. Of interleaved tensors it says nothing.
 * Immutable; any thread.
 */
public final class GatherPlan {
  /** Tensors of which ranks have more than this on average travel by themselves. */
  private static final long MOST_PACKED_BYTES = 64 << 10;

  private static final int NOBODY = -1;
  private static final int WRITER = 0;

  private final SavePlan plan;
  private final int chunkBytes;
  private final long packBytes;

  /**
   * Plans the messages of a plan.
   *
   * @param plan the same on every rank
   * @param chunkBytes size of a staging buffer, 64 or more; the same on every rank
   */
  public GatherPlan(SavePlan plan, int chunkBytes) {
    this.plan = plan;
    this.chunkBytes = chunkBytes;
    this.packBytes =
        chunkBytes / 2; // received into one half of a buffer, put in order in the other
  }

  /**
   * {@return the small tensors, as the one that writes puts them together: chunks with holes, at
   * most half as long as a staging buffer}
   *
   * @param wanted asked for an index into {@link SavePlan#tensors()}; the same on every rank
   */
  public Iterator<Chunk> packs(IntPredicate wanted) {
    return new MessageCursor(plan, wholePacks(wanted), plan::owned, true);
  }

  /**
   * {@return what {@code rank} has in those of {@link #packs(IntPredicate)} that it is in, in that
   * order}
   *
   * @param rank in [0, {@link SavePlan#worldSize})
   * @param wanted asked for an index into {@link SavePlan#tensors()}; the same on every rank
   */
  public Iterator<Chunk> packs(int rank, IntPredicate wanted) {
    return new MessageCursor(plan, wholePacks(wanted), ownedBy(rank), true);
  }

  /**
   * {@return the chunks of all ranks' pieces of the other tensors, without holes, in the order in
   * which rank 0 takes them: those that it has to itself in turns with those that it receives}
   *
   * @param wanted asked for an index into {@link SavePlan#tensors()}; the same on every rank
   */
  public Iterator<Chunk> chunks(IntPredicate wanted) {
    Iterator<Chunk> inFileOrder = new MessageCursor(plan, wholeChunks(wanted), plan::owned, true);
    return new InTurns(inFileOrder, WRITER, Math.max(1, plan.worldSize() - 1));
  }

  /**
   * {@return what {@code rank} has in {@link #chunks(IntPredicate)}, in that order, each piece a
   * chunk of its own}
   *
   * @param rank in [0, {@link SavePlan#worldSize})
   * @param wanted asked for an index into {@link SavePlan#tensors()}; the same on every rank
   */
  public Iterator<Chunk> messages(int rank, IntPredicate wanted) {
    return new MessageCursor(plan, wholeChunks(wanted), ownedBy(rank), false);
  }

  private Iterator<Chunk> wholePacks(IntPredicate wanted) {
    return new PackCursor(wholeTensors(wanted.and(this::isPacked)), packBytes);
  }

  private Iterator<Chunk> wholeChunks(IntPredicate wanted) {
    return new ChunkCursor(plan, wholeTensors(wanted.and(tensor -> !isPacked(tensor))), chunkBytes);
  }

  private boolean isPacked(int tensor) {
    long lengthBytes = plan.tensors().get(tensor).info().lengthBytes();
    return lengthBytes <= packBytes && lengthBytes / plan.worldSize() < MOST_PACKED_BYTES;
  }

  /** Returns tensors as if one rank had all of each. */
  private Iterator<Segment> wholeTensors(IntPredicate wanted) {
    IntPredicate plain = tensor -> wanted.test(tensor) && !plan.isInterleaved(tensor);
    return new SegmentCursor(plan, 0, tensor -> plain.test(tensor) ? whole(tensor) : List.of());
  }

  private List<OwnedRange> whole(int tensor) {
    long elements = plan.tensors().get(tensor).info().shape().elements();
    return elements == 0 ? List.of() : List.of(new OwnedRange(NOBODY, 0, elements, 0));
  }

  private IntFunction<List<OwnedRange>> ownedBy(int rank) {
    return tensor -> plan.owned(tensor, rank);
  }
}
