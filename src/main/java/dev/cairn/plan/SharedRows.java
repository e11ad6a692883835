package dev.cairn.plan;

import dev.cairn.tensor.DType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The chunks of the tensors whose rows several ranks share: whole rows, as many as fit, and rows
 * that are too long in parts. Those of the same rows are about equally long, so that no write is
 * small.
 *
 * <p>Not thread-safe.
 */
final class SharedRows implements Iterator<Chunk> {
  private final SavePlan plan;
  private final int chunkBytes;
  private final Iterator<List<Segment>> steps;
  private final Deque<List<Segment>> ahead = new ArrayDeque<>(); // what is left of a step
  private boolean isShared; // whether the rest of the rows that were taken is for other chunks

  /**
   * Creates a cursor.
   *
   * @param plan that the steps are of
   * @param steps in the order of the files; each is one run, or runs that together are rows
   * @param chunkBytes the most that a chunk may have; room for at least eight elements of any dtype
   */
  SharedRows(SavePlan plan, Iterator<List<Segment>> steps, int chunkBytes) {
    this.plan = plan;
    this.steps = steps;
    this.chunkBytes = chunkBytes;
    fill();
  }

  private void fill() {
    if (ahead.isEmpty() && steps.hasNext()) {
      ahead.add(steps.next());
    }
  }

  @Override
  public boolean hasNext() {
    return !ahead.isEmpty();
  }

  @Override
  public Chunk next() {
    if (ahead.isEmpty()) {
      throw new NoSuchElementException();
    }
    List<Segment> pieces = new ArrayList<>();
    int room = chunkBytes;
    List<Segment> taken = take(room);
    while (!taken.isEmpty()) {
      pieces.addAll(taken);
      for (Segment piece : taken) {
        room -= Math.toIntExact(piece.lengthBytes());
      }
      taken = continues(taken.get(taken.size() - 1)) ? take(room) : List.of();
    }
    return new Chunk(List.copyOf(pieces));
  }

  /** Returns whether what is ahead follows, and is not for the next chunk. */
  private boolean continues(Segment last) {
    Segment next = ahead.isEmpty() ? null : ahead.getFirst().get(0);
    return next != null
        && next.file() == last.file()
        && next.fileOffset() == last.fileEnd()
        && !isShared;
  }

  /** Takes as much of the next step as fits; nothing if not one row or element does. */
  private List<Segment> take(int room) {
    isShared = false;
    List<Segment> step = ahead.remove();
    List<Segment> taken = step.size() == 1 ? run(step.get(0), room) : rows(step, room);
    fill();
    return taken;
  }

  private List<Segment> run(Segment run, int room) {
    if (run.lengthBytes() <= room) {
      return List.of(run);
    }
    DType saved = plan.tensors().get(run.tensor()).info().dtype();
    long elements = room * 8L / saved.bits() / 8 * 8; // eight of any dtype end on a byte
    if (elements == 0) {
      ahead.addFirst(List.of(run));
      return List.of();
    }
    ahead.addFirst(List.of(run.part(elements, run.elements() - elements, saved)));
    return List.of(run.part(0, elements, saved));
  }

  private List<Segment> rows(List<Segment> step, int room) {
    long rows = step.get(0).rows();
    long rowBytes = 0;
    for (Segment part : step) {
      rowBytes += part.runBytes();
    }
    long fitting = room / rowBytes;
    if (fitting >= rows) {
      return step;
    }
    if (rowBytes > chunkBytes) {
      if (rows > 1) {
        ahead.addFirst(rows(step, 1, rows - 1));
      }
      List<Segment> row = rows(step, 0, 1);
      for (int part = row.size() - 1; part >= 0; part--) {
        ahead.addFirst(List.of(row.get(part)));
      }
      return take(room);
    }
    if (fitting == 0) {
      ahead.addFirst(step);
      return List.of();
    }
    isShared = true;
    long chunks = (rows + fitting - 1) / fitting;
    long count = (rows + chunks - 1) / chunks;
    ahead.addFirst(rows(step, count, rows - count));
    return rows(step, 0, count);
  }

  private static List<Segment> rows(List<Segment> step, long first, long count) {
    return step.stream().map(part -> part.rowsOf(first, count)).toList();
  }
}
