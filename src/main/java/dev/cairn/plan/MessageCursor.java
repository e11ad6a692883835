package dev.cairn.plan;

import dev.cairn.tensor.DType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.function.IntFunction;

/**
 * Cuts chunks of whole tensors into the pieces that ranks have of them. So the borders of chunks
 * are the same for one rank's pieces as for everybody's, and a rank looks at nobody else's.
 */
final class MessageCursor implements Iterator<Chunk> {
  private final SavePlan plan;
  private final Iterator<Chunk> wholes;
  private final IntFunction<List<OwnedRange>> rangesOfTensor;
  private final boolean isTogether;
  private final Queue<Chunk> ready = new ArrayDeque<>();
  private int tensor = -1;
  private List<OwnedRange> ranges = List.of();
  private int range;

  /**
   * Creates a cursor.
   *
   * @param wholes whose pieces are parts of whole tensors
   * @param rangesOfTensor who has which elements of a tensor, in order
   * @param isTogether whether the pieces of a chunk stay together; otherwise each is a chunk
   */
  MessageCursor(
      SavePlan plan,
      Iterator<Chunk> wholes,
      IntFunction<List<OwnedRange>> rangesOfTensor,
      boolean isTogether) {
    this.plan = plan;
    this.wholes = wholes;
    this.rangesOfTensor = rangesOfTensor;
    this.isTogether = isTogether;
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty() && wholes.hasNext()) {
      List<Segment> pieces = new ArrayList<>();
      for (Segment part : wholes.next().pieces()) {
        cut(part, pieces);
      }
      if (!isTogether) {
        pieces.forEach(piece -> ready.add(new Chunk(List.of(piece))));
      } else if (!pieces.isEmpty()) {
        ready.add(new Chunk(List.copyOf(pieces)));
      }
    }
    return !ready.isEmpty();
  }

  @Override
  public Chunk next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return ready.remove();
  }

  /** Adds the pieces of a part of a tensor; the parts of one tensor come in order. */
  private void cut(Segment part, List<Segment> pieces) {
    if (part.tensor() != tensor) {
      tensor = part.tensor();
      ranges = rangesOfTensor.apply(tensor);
      range = 0;
    }
    DType saved = plan.tensors().get(tensor).info().dtype();
    long tensorOffset = part.fileOffset() - saved.bytes(part.elementOffset());
    long end = part.elementOffset() + part.elements();
    for (; range < ranges.size() && ranges.get(range).begin() < end; range++) {
      OwnedRange owned = ranges.get(range).within(part.elementOffset(), end);
      if (owned != null) {
        pieces.add(plan.segment(part.file(), tensorOffset, tensor, owned));
      }
      if (ranges.get(range).end() > end) {
        return; // the rest of it is in the tensor's next part
      }
    }
  }
}
