package dev.cairn.plan;

import dev.cairn.safetensors.TensorEntry;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.IntFunction;

/** Walks files, their entries and the pieces of each entry, making segments on the way. */
final class SegmentCursor implements Iterator<Segment> {
  private final SavePlan plan;
  private final IntFunction<List<Piece>> piecesOfTensor;
  private final int firstFile;
  private int visitedFiles;
  private int entry = -1;
  private List<Piece> pieces = List.of();
  private int piece;

  /** Creates a cursor that visits all files, from this one to the last and then from the first. */
  SegmentCursor(SavePlan plan, int firstFile, IntFunction<List<Piece>> piecesOfTensor) {
    this.plan = plan;
    this.firstFile = firstFile;
    this.piecesOfTensor = piecesOfTensor;
  }

  @Override
  public boolean hasNext() {
    while (piece == pieces.size()) {
      if (visitedFiles == plan.files().size()) {
        return false;
      }
      entry++;
      piece = 0;
      if (entry == plan.files().get(file()).tensors().length) {
        visitedFiles++;
        entry = -1;
        pieces = List.of();
      } else {
        pieces = piecesOfTensor.apply(plan.files().get(file()).tensors()[entry]);
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
    TensorEntry described = planned.header().tensors().get(entry);
    return plan.segment(file, described, planned.tensors()[entry], pieces.get(piece++));
  }

  private int file() {
    return (firstFile + visitedFiles) % plan.files().size();
  }
}
