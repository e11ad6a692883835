package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** As in another layout, but only some ranks hold anything. */
record KeptLayout(Set<Integer> ranks, Layout whole) implements Layout {
  KeptLayout {
    ranks = Set.copyOf(ranks);
  }

  @Override
  public List<StridedRange> runs(Shape shape, int rank, int worldSize) {
    return ranks.contains(rank) ? whole.runs(shape, rank, worldSize) : List.of();
  }

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    return new SingleRuns(runs(shape, rank, worldSize));
  }

  @Override
  public boolean isListed() {
    return true;
  }

  @Override
  public boolean isStrided() {
    return whole.isStrided();
  }

  @Override
  public Optional<String> partialOverlap() {
    return whole.partialOverlap();
  }

  @Override
  public String describe() {
    return "kept by " + new TreeSet<>(ranks) + " of " + whole.describe();
  }
}
