package dev.cairn.plan;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.IntFunction;

/** Walks files, their entries and the owned ranges of each entry, making segments on the way. */
final class SegmentCursor implements Iterator<Segment> {
  private final SavePlan plan;
  private final IntFunction<List<OwnedRange>> rangesOfTensor;
  private final int firstFile;
  private int visitedFiles;
  private int entry = -1;
  private List<OwnedRange> ranges = List.of();
  private int range;

  /** Creates a cursor that visits all files, from this one to the last and then from the first. */
  SegmentCursor(SavePlan plan, int firstFile, IntFunction<List<OwnedRange>> rangesOfTensor) {
    this.plan = plan;
    this.firstFile = firstFile;
    this.rangesOfTensor = rangesOfTensor;
  }

  @Override
  public boolean hasNext() {
    while (range == ranges.size()) {
      if (visitedFiles == plan.files().size()) {
        return false;
      }
      entry++;
      range = 0;
      if (entry == plan.files().get(file()).tensors().length) {
        visitedFiles++;
        entry = -1;
        ranges = List.of();
      } else {
        ranges = rangesOfTensor.apply(plan.files().get(file()).tensors()[entry]);
      }
    }
    return true;
  }

  @Override
  public Segment next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    int file = file();
    PlannedFile planned = plan.files().get(file);
    long tensorOffset =
        planned.header().dataOffset() + planned.header().tensors().get(entry).beginByte();
    return plan.segment(file, tensorOffset, planned.tensors()[entry], ranges.get(range++));
  }

  private int file() {
    return (firstFile + visitedFiles) % plan.files().size();
  }
}
