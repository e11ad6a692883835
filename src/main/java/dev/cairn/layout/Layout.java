package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a parameter is spread over the ranks.
 *
 * <p>A layout is pure arithmetic over shape, rank and world size: every rank can tell what every
 * other rank holds without asking. Immutable; any thread.
 */
public sealed interface Layout
    permits Zero3Layout,
        ReplicatedLayout,
        RowsLayout,
        RangesLayout,
        BoxesLayout,
        PlacementsLayout,
        KeptLayout,
        ComposedLayout {
  /**
   * Returns the elements that {@code rank} holds, in the order in which they lie in its memory,
   * padding excluded.
   *
   * @param shape the whole parameter's shape
   * @param rank in [0, {@code worldSize})
   * @param worldSize count of ranks, 1 or more
   * @return ranges of the row-major flattened parameter, none of them empty; no range at all when
   *     the rank holds nothing but padding
   * @throws IllegalArgumentException if {@code rank} is outside [0, worldSize), or the layout was
   *     made for another world size or shape
   */
  List<ElementRange> ranges(Shape shape, int rank, int worldSize);

  /**
   * Returns the elements of {@link #ranges}, equal runs at equal distances together: so a slice
   * along a dimension is short to say.
   *
   * @param shape the whole parameter's shape
   * @param rank in [0, {@code worldSize})
   * @param worldSize count of ranks, 1 or more
   * @return in the order in which they lie in the rank's memory
   * @throws IllegalArgumentException as {@link #ranges} does
   */
  default List<StridedRange> runs(Shape shape, int rank, int worldSize) {
    List<ElementRange> ranges = ranges(shape, rank, worldSize);
    if (ranges.isEmpty()) {
      return List.of();
    }
    if (ranges.size() == 1) { // of most layouts, and asked for each tensor and rank
      return List.of(StridedRange.of(ranges.get(0)));
    }
    List<StridedRange> runs = new ArrayList<>(ranges.size());
    for (ElementRange range : ranges) {
      runs.add(StridedRange.of(range));
    }
    return runs;
  }

  /**
   * {@return how many elements the rank's memory has room for, padding included; at least the
   * elements of {@link #ranges}}
   *
   * @param shape the whole parameter's shape
   * @param rank in [0, {@code worldSize})
   * @param worldSize count of ranks, 1 or more
   * @throws IllegalArgumentException as {@link #ranges} does
   */
  default long paddedElements(Shape shape, int rank, int worldSize) {
    return validElements(shape, rank, worldSize);
  }

  /**
   * {@return how many elements {@link #ranges} has}
   *
   * @param shape the whole parameter's shape
   * @param rank in [0, {@code worldSize})
   * @param worldSize count of ranks, 1 or more
   * @throws IllegalArgumentException as {@link #ranges} does
   */
  default long validElements(Shape shape, int rank, int worldSize) {
    long elements = 0;
    for (StridedRange run : runs(shape, rank, worldSize)) {
      elements += run.elements();
    }
    return elements;
  }

  /** {@return whether every rank holds the whole parameter} */
  default boolean isReplicated() {
    return false;
  }

  /** {@return whether ranges of different ranks may overlap, or leave elements out} */
  default boolean isListed() {
    return false;
  }

  /** {@return whether {@link #runs} may have gaps, as slices along an inner dimension do} */
  default boolean isStrided() {
    return false;
  }

  /**
   * {@return which boxes of which ranks overlap without being equal, as a text; empty if none do}
   * Such a parameter can be restored, but what it is cannot be told.
   */
  default Optional<String> partialOverlap() {
    return Optional.empty();
  }

  /** {@return a short text that is equal exactly for equal layouts} */
  String describe();

  /** {@return the slices that the tensor is put together from; empty if it is one parameter} */
  default List<Slice> slices() {
    return List.of();
  }

  /**
   * {@return the layout of DeepSpeed's ZeRO stage 3: the flattened parameter is cut into parts of
   * {@code ceil(elements / worldSize)}; the last ranks hold fewer elements, the rest is padding}
   *
   * @see <a
   *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/utils/zero_to_fp32.py">DeepSpeed,
   *     zero_to_fp32.py, zero3_partitioned_param_info</a>
   */
  static Layout zero3() {
    return Zero3Layout.INSTANCE;
  }

  /** {@return the layout of plain data parallelism (DDP, ZeRO-1/2): every rank holds everything} */
  static Layout replicated() {
    return ReplicatedLayout.INSTANCE;
  }

  /**
   * {@return the layout of FSDP2: whole rows of dimension 0, cut as {@code torch.chunk} does; the
   * last ranks may hold nothing} A scalar is not possible in it.
   */
  static Layout rows() {
    return RowsLayout.INSTANCE;
  }

  /**
   * Returns a layout that lists what every rank holds.
   *
   * <p>An element that several ranks hold is written by one of them; an element that none holds is
   * refused when the plan is made.
   *
   * @param rangesByRank one list for each rank, in the order of the elements in its memory
   * @return a layout for {@code rangesByRank.size()} ranks; it refuses any other world size, and
   *     shapes that a range goes beyond
   */
  static Layout ranges(List<List<ElementRange>> rangesByRank) {
    return RangesLayout.of(rangesByRank);
  }

  /**
   * Returns the layout of one parameter inside an FSDP1 flat parameter: several parameters are
   * flattened, concatenated, padded, and cut into {@code worldSize} equal parts.
   *
   * @param offsetInFlat element of the flat parameter at which this parameter begins
   * @param elements elements of this parameter
   * @param flatElements elements of the whole flat parameter, padding between and after the
   *     parameters included; a multiple of {@code worldSize}
   * @param worldSize count of ranks, 1 or more
   * @return a layout for that many ranks and parameters of {@code elements} elements
   * @throws IllegalArgumentException if the parameter does not lie inside the flat parameter or the
   *     parts are not equal
   */
  static Layout flat(long offsetInFlat, long elements, long flatElements, int worldSize) {
    return RangesLayout.flat(offsetInFlat, elements, flatElements, worldSize);
  }

  /**
   * Returns a layout that gives each rank one box of the parameter, as tensor parallelism does.
   *
   * <p>Several ranks may hold the same box: one of them writes it. Other boxes that overlap, and
   * elements that are in none, are refused when a save is planned.
   *
   * @param boxByRank one for each rank, empty ones too; a box lies row-major in its rank's memory
   * @return a layout for {@code boxByRank.size()} ranks; it refuses any other world size, and
   *     shapes that a box goes beyond
   */
  static Layout boxes(List<Box> boxByRank) {
    return new BoxesLayout(boxByRank);
  }

  /**
   * Returns the layout of a DTensor, which is its local tensor, contiguous, on each rank.
   *
   * @param mesh of all ranks, in row-major order
   * @param placements one for each mesh dimension, the outermost first, applied in this order
   * @return a layout for {@code mesh.ranks()} ranks; it refuses any other world size, and shapes
   *     that do not have a dimension that is cut
   * @throws IllegalArgumentException if there is not one placement for each mesh dimension, or one
   *     is partial
   * @see <a
   *     href="https://github.com/pytorch/pytorch/blob/main/torch/distributed/tensor/placement_types.py">torch,
   *     placement_types.py, Shard and _StridedShard</a>
   */
  static Layout placements(Mesh mesh, List<Placement> placements) {
    return new PlacementsLayout(mesh, placements);
  }

  /**
   * {@return the layout in which some ranks hold what they hold in another, and the others nothing}
   *
   * @param ranks who hold anything
   * @param whole the other layout
   */
  static Layout keptBy(Set<Integer> ranks, Layout whole) {
    return new KeptLayout(ranks, whole);
  }

  /**
   * {@return the layout of a tensor that is put together from slices of parameters: each rank holds
   * what it holds of them, in the order of the tensor's elements, without padding}
   *
   * @param slices one after the other they are the tensor's elements
   */
  static Layout composed(List<Slice> slices) {
    return new ComposedLayout(slices);
  }

  /** Checks a rank against its world size; every layout's first line. */
  private static void check(int rank, int worldSize) {
    if (worldSize < 1 || rank < 0 || rank >= worldSize) {
      throw new IllegalArgumentException(
          "rank outside the world: rank=" + rank + ", worldSize=" + worldSize);
    }
  }

  /**
   * Checks a rank, for a layout that was made for so many.
   *
   * @param rank to be in [0, {@code worldSize})
   * @param worldSize to be {@code expected}
   * @param expected count of ranks
   * @throws IllegalArgumentException if they are not
   */
  static void checkWorld(int rank, int worldSize, int expected) {
    if (worldSize != expected || rank < 0 || rank >= worldSize) {
      throw new IllegalArgumentException(
          "layout was made for another world: rank=%d, worldSize=%d, expected worldSize=%d"
              .formatted(rank, worldSize, expected));
    }
  }

  /**
   * {@return the range as a list without empty ranges, after checking the rank}
   *
   * @param begin first element
   * @param end the element after the last one; not after {@code begin} for none
   * @param rank in [0, {@code worldSize})
   * @param worldSize count of ranks, 1 or more
   * @throws IllegalArgumentException if the rank is outside the world
   */
  static List<ElementRange> one(long begin, long end, int rank, int worldSize) {
    check(rank, worldSize);
    return begin < end ? List.of(new ElementRange(begin, end)) : List.of();
  }
}
