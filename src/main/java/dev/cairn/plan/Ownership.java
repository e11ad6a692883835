package dev.cairn.plan;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.layout.StridedRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Decides which rank writes which elements, so that every element has exactly one writer. */
final class Ownership {
  private static final int SHARDED = -1;

  /** Shorter runs in a file are not written one by one. */
  private static final long SHORT_RUN_BYTES = 256 << 10;

  private final List<PlannedTensor> tensors;
  private final int worldSize;
  private final int[] replicaWriters;
  private final BitSet interleaved = new BitSet();

  Ownership(List<PlannedTensor> tensors, int worldSize) {
    this.tensors = tensors;
    this.worldSize = worldSize;
    this.replicaWriters = new int[tensors.size()];
    tensors.forEach(Ownership::requireNoPartialOverlap);
    assignReplicas();
    for (int tensor = 0; tensor < tensors.size(); tensor++) {
      boolean isStrided = worldSize > 1 && tensors.get(tensor).layout().isStrided();
      if (isStrided && hasShortRuns(tensors.get(tensor))) {
        interleaved.set(tensor);
        sweep(tensor).forEachRemaining(step -> {}); // before any file exists: no hole is in it
      }
    }
  }

  /** Boxes that overlap and are not equal come from a mistake in one of them. */
  private static void requireNoPartialOverlap(PlannedTensor tensor) {
    tensor
        .layout()
        .partialOverlap()
        .ifPresent(
            overlap -> {
              throw new IllegalArgumentException(
                  "boxes overlap and are not equal: tensor=%s, shape=%s, %s"
                      .formatted(tensor.info().name(), tensor.info().shape(), overlap));
            });
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
          for (StridedRange run : runs(tensor, rank)) {
            lengthBytes[rank] += run.elements() * tensor.info().dtype().bits() / 8;
          }
        }
      }
    }
    return lengthBytes;
  }

  private List<ElementRange> ranges(PlannedTensor tensor, int rank) {
    return tensor.layout().ranges(tensor.info().shape(), rank, worldSize);
  }

  private List<StridedRange> runs(PlannedTensor tensor, int rank) {
    return tensor.layout().runs(tensor.info().shape(), rank, worldSize);
  }

  /**
   * Returns whether runs of several ranks alternate in a tensor, and are short, so that ranks have
   * to put them together before any of them can write.
   */
  boolean isInterleaved(int tensor) {
    return interleaved.get(tensor);
  }

  /** Returns whether any tensor is interleaved. */
  boolean isInterleaved() {
    return !interleaved.isEmpty();
  }

  /** Returns whether a rank has several runs and one of them is short: all it has may be short. */
  private boolean hasShortRuns(PlannedTensor tensor) {
    long shortElements = SHORT_RUN_BYTES * 8 / tensor.info().dtype().bits();
    for (int rank = 0; rank < worldSize; rank++) {
      List<StridedRange> runs = runs(tensor, rank);
      boolean isOne = runs.size() == 1 && !runs.get(0).isStrided();
      if (!isOne && runs.stream().anyMatch(run -> run.runElements() < shortElements)) {
        return true;
      }
    }
    return false;
  }

  /** Goes over who writes the elements of a tensor that is not replicated. */
  Sweep sweep(int tensorIndex) {
    return new Sweep(tensors.get(tensorIndex), worldSize);
  }

  /** Returns the ranges of a tensor that {@code rank} writes, in the order of the elements. */
  List<OwnedRange> owned(int tensorIndex, int rank) {
    PlannedTensor tensor = tensors.get(tensorIndex);
    Layout layout = tensor.layout();
    if (layout.isReplicated() && replicaWriters[tensorIndex] != rank) {
      return List.of();
    }
    if (layout.isListed()) {
      return listed(tensorIndex).stream().filter(range -> range.rank() == rank).toList();
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
      return listed(tensorIndex);
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

  /** Lists what a sweep finds, run by run: these are not short, so there are not too many. */
  private List<OwnedRange> listed(int tensorIndex) {
    List<OwnedRange> all = new ArrayList<>();
    for (Sweep sweep = sweep(tensorIndex); sweep.hasNext(); ) {
      List<OwnedRange> step = sweep.next();
      for (long row = 0; row < step.get(0).elements().count(); row++) {
        for (OwnedRange part : step) {
          all.add(part.rows(row, 1));
        }
      }
    }
    return all;
  }
}
