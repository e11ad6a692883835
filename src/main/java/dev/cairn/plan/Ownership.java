package dev.cairn.plan;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Decides which rank writes which elements, so that every element has exactly one writer. */
final class Ownership {
  private static final int SHARDED = -1;

  private final List<PlannedTensor> tensors;
  private final int worldSize;
  private final int[] replicaWriters;

  Ownership(List<PlannedTensor> tensors, int worldSize) {
    this.tensors = tensors;
    this.worldSize = worldSize;
    this.replicaWriters = new int[tensors.size()];
    assignReplicas();
  }

  /** A rank and the bytes it has to write so far. */
  private record Load(long lengthBytes, int rank) {}

  /** Gives each replicated tensor, in order, to the rank with the fewest bytes so far. */
  private void assignReplicas() {
    boolean anyReplicated = false;
    for (int tensor = 0; tensor < replicaWriters.length; tensor++) {
      replicaWriters[tensor] = SHARDED;
      anyReplicated |= tensors.get(tensor).layout().isReplicated();
    }
    if (!anyReplicated) {
      return;
    }
    PriorityQueue<Load> loads =
        new PriorityQueue<>(
            Comparator.comparingLong(Load::lengthBytes).thenComparingInt(Load::rank));
    long[] sharded = shardedBytes();
    for (int rank = 0; rank < worldSize; rank++) {
      loads.add(new Load(sharded[rank], rank));
    }
    for (int tensor = 0; tensor < replicaWriters.length; tensor++) {
      if (tensors.get(tensor).layout().isReplicated()) {
        Load least = loads.remove();
        replicaWriters[tensor] = least.rank();
        loads.add(
            new Load(least.lengthBytes() + tensors.get(tensor).info().lengthBytes(), least.rank()));
      }
    }
  }

  private long[] shardedBytes() {
    long[] lengthBytes = new long[worldSize];
    for (PlannedTensor tensor : tensors) {
      if (!tensor.layout().isReplicated()) {
        for (int rank = 0; rank < worldSize; rank++) {
          for (ElementRange range : ranges(tensor, rank)) {
            lengthBytes[rank] += range.elements() * tensor.info().dtype().bits() / 8;
          }
        }
      }
    }
    return lengthBytes;
  }

  private List<ElementRange> ranges(PlannedTensor tensor, int rank) {
    return tensor.layout().ranges(tensor.info().shape(), rank, worldSize);
  }

  /** Returns the ranges of a tensor that {@code rank} writes, in the order of the elements. */
  List<OwnedRange> owned(int tensorIndex, int rank) {
    PlannedTensor tensor = tensors.get(tensorIndex);
    Layout layout = tensor.layout();
    if (layout.isReplicated() && replicaWriters[tensorIndex] != rank) {
      return List.of();
    }
    if (layout.isListed()) {
      return listed(tensor).stream().filter(range -> range.rank() == rank).toList();
    }
    return held(tensor, rank);
  }

  /**
   * Returns all owned ranges of a tensor, in the order of the elements; together they are the
   * tensor.
   */
  List<OwnedRange> owned(int tensorIndex) {
    PlannedTensor tensor = tensors.get(tensorIndex);
    if (tensor.layout().isReplicated()) {
      return held(tensor, replicaWriters[tensorIndex]);
    }
    if (tensor.layout().isListed()) {
      return listed(tensor);
    }
    List<OwnedRange> owned = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      owned.addAll(held(tensor, rank));
    }
    return owned;
  }

  private List<OwnedRange> held(PlannedTensor tensor, int rank) {
    List<ElementRange> ranges = ranges(tensor, rank);
    if (ranges.size() == 1) {
      ElementRange only = ranges.get(0);
      return List.of(new OwnedRange(rank, only.begin(), only.end(), 0));
    }
    List<OwnedRange> owned = new ArrayList<>();
    long partitionElementOffset = 0;
    for (ElementRange range : ranges) {
      owned.add(new OwnedRange(rank, range.begin(), range.end(), partitionElementOffset));
      partitionElementOffset += range.elements();
    }
    return owned;
  }

  /** Sweeps over listed ranges: the lowest rank that has an element writes it, none may be left. */
  private List<OwnedRange> listed(PlannedTensor tensor) {
    List<OwnedRange> all = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      all.addAll(held(tensor, rank));
    }
    all.sort(Comparator.comparingLong(OwnedRange::begin).thenComparingInt(OwnedRange::rank));
    List<OwnedRange> chosen = new ArrayList<>();
    long covered = 0;
    for (OwnedRange range : all) {
      if (range.begin() > covered) {
        throw gap(tensor, covered, range.begin());
      }
      if (range.end() > covered) {
        long skipped = covered - range.begin();
        chosen.add(
            new OwnedRange(
                range.rank(), covered, range.end(), range.partitionElementOffset() + skipped));
        covered = range.end();
      }
    }
    Shape shape = tensor.info().shape();
    if (covered < shape.elements()) {
      throw gap(tensor, covered, shape.elements());
    }
    return chosen;
  }

  private static IllegalArgumentException gap(PlannedTensor tensor, long begin, long end) {
    return new IllegalArgumentException(
        "elements that no rank holds: tensor=%s, shape=%s, elements=%s"
            .formatted(tensor.info().name(), tensor.info().shape(), new ElementRange(begin, end)));
  }
}
