package dev.cairn.layout;

/**
 * What happens to a tensor along one dimension of a mesh, in the words of torch's DTensor.
 * Immutable; any thread.
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/distributed.tensor.html">torch.distributed
 *     .tensor, Placements</a>
 */
public final class Placement {
  private static final int NONE = -1;
  private static final Placement REPLICATE = new Placement("R", Integer.MIN_VALUE, NONE);
  private static final Placement PARTIAL = new Placement("P", Integer.MIN_VALUE, NONE);

  private final String text;
  private final int dimension;
  private final int splitFactor;

  private Placement(String text, int dimension, int splitFactor) {
    this.text = text;
    this.dimension = dimension;
    this.splitFactor = splitFactor;
  }

  /** {@return {@code Replicate()}: the ranks along the mesh dimension hold the same} */
  public static Placement replicate() {
    return REPLICATE;
  }

  /**
   * {@return {@code Shard(dim)}: cut as {@code torch.chunk} does, into pieces of {@code ceil(length
   * / ranks)}; the last ranks may hold less, or nothing}
   *
   * @param dimension of the tensor; -1 is the last one
   */
  public static Placement shard(int dimension) {
    return new Placement("S(" + dimension + ")", dimension, 1);
  }

  /**
   * {@return {@code _StridedShard(dim, split_factor)}: first cut into {@code splitFactor} pieces,
   * then each of these over the ranks, who hold their part of every piece} FSDP2 writes it where
   * tensor parallelism, an inner mesh dimension, has cut the same dimension of the tensor before.
   *
   * @param dimension of the tensor; -1 is the last one
   * @param splitFactor 1 or more
   * @throws IllegalArgumentException if the factor is less than 1
   */
  public static Placement stridedShard(int dimension, int splitFactor) {
    if (splitFactor < 1) {
      throw new IllegalArgumentException(
          "bad strided shard: splitFactor=" + splitFactor + ", expected 1 or more");
    }
    return new Placement("_S(" + dimension + ", " + splitFactor + ")", dimension, splitFactor);
  }

  /**
   * {@return {@code Partial()}: every rank holds a summand} It is there to be named: no layout has
   * it, as such a tensor has to be reduced before it can be saved.
   */
  public static Placement partial() {
    return PARTIAL;
  }

  boolean isReplicate() {
    return equals(REPLICATE);
  }

  boolean isPartial() {
    return equals(PARTIAL);
  }

  /** Returns which dimension is cut, of a tensor that has so many; -1 if there is no such. */
  int dimension(int dimensions) {
    int counted = dimension < 0 ? dimension + dimensions : dimension;
    return counted < dimensions ? counted : NONE;
  }

  int splitFactor() {
    return splitFactor;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Placement that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** Returns the placement as torch prints it: {@code R}, {@code S(0)}, {@code _S(0, 2)}. */
  @Override
  public String toString() {
    return text;
  }
}
