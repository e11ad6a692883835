package dev.cairn.plan;

import dev.cairn.plan.Bucket.Part;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Cuts a plan into buckets, the same on every rank. Tensors that are small share a bucket; of one
 * that is too large for what is left, every rank gives as much of its own part as still fits, and
 * the rest in the buckets after that. So all ranks have about the same to give, and little of what
 * a collective moves is padding.
 *
 * <p>Not thread-safe.
 */
public final class BucketCursor implements Iterator<Bucket> {
  /** The smallest bucket for each rank: room for eight elements of any dtype. */
  public static final long MIN_RANK_BYTES = 64;

  private final SavePlan plan;
  private final Iterator<Segment> segments;
  private final long mostRankBytes;
  private List<Segment> rest = new ArrayList<>();
  private Segment ahead;

  /**
   * Creates a cursor over all of a plan.
   *
   * @param plan the same on every rank
   * @param gatheredBytes how much all ranks together give at most
   * @throws IllegalArgumentException if that is less than {@link #MIN_RANK_BYTES} for each rank
   */
  public BucketCursor(SavePlan plan, long gatheredBytes) {
    this.plan = plan;
    this.segments = plan.segments();
    this.mostRankBytes =
        gatheredBytes / plan.worldSize() / Bucket.ALIGNMENT_BYTES * Bucket.ALIGNMENT_BYTES;
    if (mostRankBytes < MIN_RANK_BYTES) {
      throw new IllegalArgumentException(
          "bucket too small: bucketBytes=%d, expected at least %d for %d ranks"
              .formatted(gatheredBytes, MIN_RANK_BYTES * plan.worldSize(), plan.worldSize()));
    }
    ahead = segments.hasNext() ? segments.next() : null;
    takeTensor();
  }

  /** {@return how many bytes a rank gives to one bucket at most, a multiple of 16} */
  public long mostRankBytes() {
    return mostRankBytes;
  }

  /** Makes the rest all segments of the next tensor; empty if there is none. */
  private void takeTensor() {
    rest = new ArrayList<>();
    while (ahead != null && (rest.isEmpty() || rest.get(0).tensor() == ahead.tensor())) {
      rest.add(ahead);
      ahead = segments.hasNext() ? segments.next() : null;
    }
  }

  @Override
  public boolean hasNext() {
    return !rest.isEmpty();
  }

  @Override
  public Bucket next() {
    if (rest.isEmpty()) {
      throw new NoSuchElementException();
    }
    Filling filling = new Filling();
    while (!rest.isEmpty()) {
      List<Segment> left = new ArrayList<>();
      for (Segment segment : rest) {
        filling.add(segment, left);
      }
      if (!left.isEmpty()) {
        rest = left;
        break;
      }
      takeTensor();
    }
    return filling.bucket();
  }

  /** A bucket that is not full yet. */
  private final class Filling {
    private final List<Part> parts = new ArrayList<>();
    private final long[] usedBytes = new long[plan.worldSize()];
    private long orderedBytes;

    /** Adds as much of a segment as fits; what does not is left. */
    void add(Segment segment, List<Segment> left) {
      DType saved = plan.tensors().get(segment.tensor()).info().dtype();
      long room = mostRankBytes - usedBytes[segment.rank()];
      long elements = Math.min(segment.elements(), fitting(saved, room));
      if (elements > 0) {
        addPart(segment.part(0, elements, saved));
      }
      if (elements < segment.elements()) {
        left.add(segment.part(elements, segment.elements() - elements, saved));
      }
    }

    private void addPart(Segment part) {
      long rankOffset = usedBytes[part.rank()];
      usedBytes[part.rank()] = Bucket.aligned(rankOffset + part.lengthBytes());
      boolean follows = false;
      if (!parts.isEmpty()) {
        Segment last = parts.get(parts.size() - 1).segment();
        follows = last.file() == part.file() && last.fileEnd() == part.fileOffset();
      }
      if (!follows) { // aligned as it is in the file, and with it all that follow
        orderedBytes = Bucket.aligned(orderedBytes) + part.fileOffset() % Bucket.ALIGNMENT_BYTES;
      }
      parts.add(new Part(part, rankOffset, orderedBytes));
      orderedBytes += part.lengthBytes();
    }

    Bucket bucket() {
      long rankBytes = 0;
      for (long used : usedBytes) {
        rankBytes = Math.max(rankBytes, used);
      }
      return new Bucket(List.copyOf(parts), rankBytes, orderedBytes);
    }
  }

  /** Elements narrower than a byte are cut where they end on one. */
  private static long fitting(DType saved, long roomBytes) {
    long fit = roomBytes * 8 / saved.bits();
    return saved.bits() % 8 == 0 ? fit : fit - fit % 8;
  }
}
