package dev.cairn.plan;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.StridedRange;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Sharding;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The files of a checkpoint and, for every rank, the byte ranges that it fills.
 *
 * <p>Made from names, shapes, dtypes, layouts and the world size alone, so that every rank makes
 * the same plan without talking. Immutable; any thread.
 */
public final class SavePlan {
  private final List<PlannedTensor> tensors;
  private final List<PlannedFile> files;
  private final Ownership ownership;
  private final int worldSize;

  private SavePlan(List<PlannedTensor> tensors, List<PlannedFile> files, int worldSize) {
    this.tensors = tensors;
    this.files = files;
    this.worldSize = worldSize;
    this.ownership = new Ownership(tensors, worldSize);
  }

  /**
   * Plans a save.
   *
   * @param groups the model, then whatever else is saved with it
   * @param worldSize count of ranks, 1 or more
   * @return files in the order of the groups, each group's tensors split into shards of its own
   * @throws IllegalArgumentException if a layout does not fit the world or its shape, elements are
   *     held by no rank, or a partition of a sub-byte dtype does not begin and end on a byte
   */
  public static SavePlan of(List<TensorGroup> groups, int worldSize) {
    List<PlannedTensor> tensors = new ArrayList<>();
    List<PlannedFile> files = new ArrayList<>();
    for (TensorGroup group : groups) {
      files.addAll(files(group, tensors.size()));
      tensors.addAll(group.tensors());
    }
    return new SavePlan(List.copyOf(tensors), List.copyOf(files), worldSize);
  }

  /**
   * Plans a save of one group.
   *
   * @param tensors in the caller's order, no name twice
   * @param worldSize count of ranks, 1 or more
   * @param naming what the files are called and how large they get
   * @return the plan
   * @throws IllegalArgumentException as {@link #of(List, int)} does
   */
  public static SavePlan of(List<PlannedTensor> tensors, int worldSize, FileNaming naming) {
    return of(List.of(new TensorGroup(tensors, naming)), worldSize);
  }

  private static List<PlannedFile> files(TensorGroup group, int firstIndex) {
    FileNaming naming = group.naming();
    List<TensorInfo> infos = group.tensors().stream().map(PlannedTensor::info).toList();
    List<int[]> shards = Sharding.splitIndices(infos, naming.maxShardBytes());
    List<PlannedFile> files = new ArrayList<>();
    for (int[] shard : shards) {
      Header header =
          Header.of(naming.metadata(), IntStream.of(shard).mapToObj(infos::get).toList());
      int[] order = header.givenIndices();
      Arrays.setAll(order, entry -> firstIndex + shard[order[entry]]);
      files.add(new PlannedFile(naming.fileName(files.size() + 1, shards.size()), header, order));
    }
    return files;
  }

  /** {@return the tensors of all groups, group by group, each in the caller's order} */
  public List<PlannedTensor> tensors() {
    return tensors;
  }

  /**
   * {@return the files in the order of their numbers, group by group; a segment's file is an index
   * into it}
   */
  public List<PlannedFile> files() {
    return files;
  }

  /** {@return the count of ranks that the plan is for} */
  public int worldSize() {
    return worldSize;
  }

  /** {@return the bytes of all files together, headers included} */
  public long lengthBytes() {
    return files.stream().mapToLong(PlannedFile::lengthBytes).sum();
  }

  /**
   * {@return whether there are interleaved tensors: runs of several ranks alternate in their bytes,
   * and are too short to be written one by one, as those of a slice along an inner dimension} What
   * {@link #segments} and {@link #chunks} say is of all other tensors.
   */
  public boolean isInterleaved() {
    return ownership.isInterleaved();
  }

  /**
   * {@return whether a tensor is interleaved}
   *
   * @param tensor index into {@link #tensors}
   */
  public boolean isInterleaved(int tensor) {
    return ownership.isInterleaved(tensor);
  }

  /**
   * {@return the ranks whose elements of an interleaved tensor are written; the others hold nothing
   * else of it than they do}
   *
   * @param tensor index into {@link #tensors}
   */
  public Set<Integer> sharers(int tensor) {
    Set<Integer> ranks = new HashSet<>();
    ownership.sweep(tensor).forEachRemaining(step -> step.forEach(part -> ranks.add(part.rank())));
    return ranks;
  }

  /**
   * {@return how many elements of an interleaved tensor a rank holds; 0 if none of them is written}
   *
   * @param tensor index into {@link #tensors}
   * @param rank in [0, {@link #worldSize})
   */
  public long sharedElements(int tensor, int rank) {
    PlannedTensor planned = tensors.get(tensor);
    return sharers(tensor).contains(rank)
        ? planned.layout().validElements(planned.info().shape(), rank, worldSize)
        : 0;
  }

  /**
   * {@return the chunks of the interleaved tensors, for whoever puts together what the ranks hold
   * of them; made as they are read} Of a piece of several rows the runs lie apart in the file, and
   * those of the pieces after it between them; {@link Chunk#together} is the range that they fill.
   *
   * @param chunkBytes the most that a chunk may have, 64 or more; the same on every rank
   * @param wanted asked for an index into {@link #tensors}; the same on every rank
   */
  public Iterator<Chunk> sharedChunks(int chunkBytes, IntPredicate wanted) {
    return new SharedRows(this, new SharedSteps(this, ownership, wanted), chunkBytes);
  }

  /**
   * {@return the segments that {@code rank} writes, by file, then by offset; made as it is read}
   *
   * @param rank in [0, {@link #worldSize})
   */
  public Iterator<Segment> segments(int rank) {
    return new SegmentCursor(this, 0, tensor -> owned(tensor, rank));
  }

  /**
   * {@return the segments of all ranks, by file, then by offset, made as they are read; every data
   * byte of every file, but for interleaved tensors, is in exactly one of them}
   */
  public Iterator<Segment> segments() {
    return new SegmentCursor(this, 0, this::owned);
  }

  /**
   * {@return the elements of one tensor that a rank writes, in order; none of the ranges is empty}
   *
   * @param tensor index into {@link #tensors}
   * @param rank in [0, {@link #worldSize})
   */
  public List<ElementRange> written(int tensor, int rank) {
    return ownership.owned(tensor, rank).stream()
        .map(range -> new ElementRange(range.begin(), range.end()))
        .toList();
  }

  /**
   * {@return the chunks that {@code rank} writes itself, each at most {@code chunkBytes} long}
   *
   * @param rank in [0, {@link #worldSize})
   * @param chunkBytes size of a staging buffer, 64 or more
   */
  public Iterator<Chunk> chunks(int rank, int chunkBytes) {
    return chunks(rank, chunkBytes, tensor -> true);
  }

  /**
   * {@return the chunks of wanted tensors that {@code rank} writes itself, each at most {@code
   * chunkBytes} long}
   *
   * <p>Each rank begins with another file, as far as there are files: two that write into one file
   * wait for each other, two in two files do not.
   *
   * @param rank in [0, {@link #worldSize})
   * @param chunkBytes size of a staging buffer, 64 or more
   * @param wanted asked for an index into {@link #tensors}
   */
  public Iterator<Chunk> chunks(int rank, int chunkBytes, IntPredicate wanted) {
    int firstFile = Math.toIntExact((long) rank * files.size() / worldSize);
    IntFunction<List<OwnedRange>> ranges =
        tensor -> wanted.test(tensor) ? owned(tensor, rank) : List.of();
    return new ChunkCursor(this, new SegmentCursor(this, firstFile, ranges), chunkBytes);
  }

  List<OwnedRange> owned(int tensor) {
    return isInterleaved(tensor) ? List.of() : ownership.owned(tensor);
  }

  List<OwnedRange> owned(int tensor, int rank) {
    return isInterleaved(tensor) ? List.of() : ownership.owned(tensor, rank);
  }

  /**
   * Returns what a range of a tensor is in its file.
   *
   * @param tensorOffset the tensor's first byte in the file
   */
  Segment segment(int file, long tensorOffset, int tensor, OwnedRange range) {
    TensorInfo info = tensors.get(tensor).info();
    DType saved = info.dtype();
    StridedRange elements = range.elements();
    long begin;
    long runBytes;
    long rowBytes;
    try {
      begin = saved.bytes(elements.begin());
      runBytes = saved.bytes(elements.runElements());
      rowBytes = saved.bytes(elements.strideElements());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "partition does not begin and end on a byte: tensor=%s, dtype=%s, elements=%s, rank=%d"
              .formatted(info.name(), saved, elements, range.rank()),
          e);
    }
    return new Segment(
        range.rank(),
        file,
        tensorOffset + begin,
        runBytes * elements.count(),
        tensor,
        elements.begin(),
        elements.elements(),
        range.partitionElementOffset(),
        elements.count(),
        rowBytes);
  }
}
