package dev.cairn.plan;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.IntPredicate;

/** Walks files and, of the tensors whose rows several ranks share, the steps of their sweeps. */
final class SharedSteps implements Iterator<List<Segment>> {
  private final SavePlan plan;
  private final Ownership ownership;
  private final IntPredicate wanted;
  private int file;
  private int entry = -1;
  private Iterator<List<OwnedRange>> sweep;

  /** Creates a cursor over wanted tensors. */
  SharedSteps(SavePlan plan, Ownership ownership, IntPredicate wanted) {
    this.plan = plan;
    this.ownership = ownership;
    this.wanted = wanted;
  }

  @Override
  public boolean hasNext() {
    while (sweep == null || !sweep.hasNext()) {
      if (file == plan.files().size()) {
        return false;
      }
      entry++;
      int[] tensors = plan.files().get(file).tensors();
      if (entry == tensors.length) {
        file++;
        entry = -1;
      } else if (ownership.isInterleaved(tensors[entry]) && wanted.test(tensors[entry])) {
        sweep = ownership.sweep(tensors[entry]);
      }
    }
    return true;
  }

  @Override
  public List<Segment> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    PlannedFile planned = plan.files().get(file);
    long tensorOffset =
        planned.header().dataOffset() + planned.header().tensors().get(entry).beginByte();
    return sweep.next().stream()
        .map(range -> plan.segment(file, tensorOffset, planned.tensors()[entry], range))
        .toList();
  }
}
