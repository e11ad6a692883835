package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** A parameter that is a DTensor: for each dimension of a mesh, what happens to it there. */
record PlacementsLayout(Mesh mesh, List<Placement> placements) implements Layout {
  PlacementsLayout {
    placements = List.copyOf(placements);
    if (placements.size() != mesh.dimensions()) {
      throw new IllegalArgumentException(
          "not one placement for each mesh dimension: mesh=%s, placements=%s"
              .formatted(mesh.sizes(), placements));
    }
    for (int dimension = 0; dimension < placements.size(); dimension++) {
      if (placements.get(dimension).isPartial()) {
        throw new IllegalArgumentException(
            "partial values cannot be saved: meshDimension=%d, placements=%s; reduce them first"
                .formatted(dimension, placements));
      }
    }
  }

  /** From the outermost mesh dimension inwards each cuts what the ones before have left. */
  @Override
  public List<StridedRange> runs(Shape shape, int rank, int worldSize) {
    Layout.checkWorld(rank, worldSize, mesh.ranks());
    List<List<ElementRange>> indices = new ArrayList<>();
    for (long length : shape.toArray()) {
      indices.add(length == 0 ? List.of() : List.of(new ElementRange(0, length)));
    }
    for (int dimension = 0; dimension < placements.size(); dimension++) {
      Placement placement = placements.get(dimension);
      if (!placement.isReplicate()) {
        int cut = placement.dimension(shape.dimensions());
        if (cut < 0) {
          throw new IllegalArgumentException(
              "no such dimension: placement=%s, shape=%s".formatted(placement, shape));
        }
        int ranks = mesh.sizes().get(dimension);
        int place = mesh.coordinate(rank, dimension);
        indices.set(cut, sharded(indices.get(cut), placement.splitFactor(), ranks, place));
      }
    }
    return Grid.runs(shape, indices);
  }

  private static List<ElementRange> sharded(
      List<ElementRange> indices, int splitFactor, int ranks, int place) {
    List<ElementRange> held = new ArrayList<>();
    long[] pieces = Tiling.chunks(Grid.count(indices), splitFactor);
    for (int piece = 0; piece < splitFactor; piece++) {
      long[] parts = Tiling.chunks(pieces[piece + 1] - pieces[piece], ranks);
      add(indices, pieces[piece] + parts[place], pieces[piece] + parts[place + 1], held);
    }
    return held;
  }

  /** Adds the indices from one place in their order to another. */
  private static void add(
      List<ElementRange> indices, long first, long end, List<ElementRange> held) {
    long place = 0;
    for (ElementRange range : indices) {
      long begin = range.begin() + Math.max(0, first - place);
      long rangeEnd = Math.min(range.end(), range.begin() + end - place);
      place += range.elements();
      if (begin < rangeEnd) {
        int last = held.size() - 1;
        if (last >= 0 && held.get(last).end() == begin) {
          held.set(last, new ElementRange(held.get(last).begin(), rangeEnd));
        } else {
          held.add(new ElementRange(begin, rangeEnd));
        }
      }
    }
  }

  @Override
  public List<ElementRange> ranges(Shape shape, int rank, int worldSize) {
    return new SingleRuns(runs(shape, rank, worldSize));
  }

  @Override
  public boolean isReplicated() {
    return placements.stream().allMatch(Placement::isReplicate);
  }

  @Override
  public boolean isListed() {
    return !isReplicated();
  }

  @Override
  public boolean isStrided() {
    return !isReplicated();
  }

  @Override
  public String describe() {
    return "mesh" + mesh.sizes() + placements;
  }
}
