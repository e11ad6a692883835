package dev.cairn.peft.merge;

import dev.cairn.peft.stored.WeightSource;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** What becomes of one tensor of the base model. Filled while a merge is planned. */
final class WeightMerge {
  private String name;
  private final WeightSource base;
  private WeightSource start;
  private boolean isReplaced;
  private final List<Patch> patches = new ArrayList<>();
  private final List<Product> products = new ArrayList<>();
  private final List<TokenRows> tokens = new ArrayList<>();
  private final List<Magnitude> magnitudes = new ArrayList<>();
  private final List<AddedBias> addedBiases = new ArrayList<>();

  /**
   * Elements of this weight, and as many of another tensor: that of a layer in memory.
   *
   * @param begin first element here
   * @param otherBegin first element of the other one
   * @param elements how many
   */
  record Range(long begin, long otherBegin, long elements) {
    /** Returns the part of it that is in some elements here; of no elements if none is. */
    Range within(long first, long count) {
      long from = Math.max(begin, first);
      long to = Math.min(begin + elements, first + count);
      return new Range(from, otherBegin + from - begin, Math.max(0, to - from));
    }
  }

  /**
   * Values that take the place of the weight's.
   *
   * @param source of the values
   * @param range of the weight, and of the source
   */
  record Patch(WeightSource source, Range range) {}

  /**
   * What an adapter adds.
   *
   * @param source of the product
   * @param range of the weight, and of the product
   */
  record Product(LowRankSource source, Range range) {}

  /**
   * DoRA's lengths: one for each output.
   *
   * @param source of the lengths
   * @param isPerColumn whether an output is a column of the weight, not a row
   * @param outputs of the weight, and lengths
   */
  record Magnitude(WeightSource source, boolean isPerColumn, Range outputs) {}

  /**
   * The bias of a layer's B, which goes into the base's bias.
   *
   * @param source of the bias
   * @param scale what it is multiplied with
   * @param range of the base's bias, and of this one
   */
  record AddedBias(WeightSource source, double scale, Range range) {}

  /**
   * Rows that take the place of the weight's.
   *
   * @param indices of the rows
   * @param source one row for each
   */
  record TokenRows(List<Integer> indices, WeightSource source) {}

  /** Starts with the base's values under the base's name. */
  WeightMerge(String name, WeightSource base) {
    this.name = name;
    this.base = base;
    this.start = base;
  }

  String name() {
    return name;
  }

  void rename(String other) {
    name = other;
  }

  /** Returns whether the adapter does nothing to a tensor that the base has. */
  boolean isUntouched() {
    return !isReplaced && isCopy();
  }

  /** Returns the tensor whose dtype the result has. */
  WeightSource base() {
    return base;
  }

  /** Returns the tensor whose values the result begins with. */
  WeightSource start() {
    return start;
  }

  /** Returns the result's shape: the base's, unless all of it is replaced. */
  Shape shape() {
    return start.shape();
  }

  /** Returns all elements, as those of another tensor of this shape. */
  Range all() {
    return new Range(0, 0, shape().elements());
  }

  void replace(WeightSource other) {
    start = other;
    isReplaced = true;
  }

  void add(Patch patch) {
    patches.add(patch);
  }

  void add(Product product) {
    products.add(product);
  }

  void add(TokenRows rows) {
    tokens.add(rows);
  }

  void add(Magnitude lengths) {
    magnitudes.add(lengths);
  }

  void add(AddedBias bias) {
    addedBiases.add(bias);
  }

  List<Patch> patches() {
    return patches;
  }

  List<Product> products() {
    return products;
  }

  List<TokenRows> tokens() {
    return tokens;
  }

  /** Returns DoRA's lengths. */
  List<Magnitude> magnitudes() {
    return magnitudes;
  }

  /** Returns what is added to a bias. */
  List<AddedBias> addedBiases() {
    return addedBiases;
  }

  /**
   * Returns whether the result is {@link #start} plus products, no two of them in one element, and
   * nothing else.
   */
  boolean areProductsApart() {
    long end = 0;
    for (Product product : products) {
      if (product.range().begin() < end) {
        return false;
      }
      end = product.range().begin() + product.range().elements();
    }
    return hasProductsOnly();
  }

  /** Returns whether the bytes to write are those of {@link #start}. */
  boolean isCopy() {
    return products.isEmpty() && hasProductsOnly() && start.dtype() == base.dtype();
  }

  private boolean hasProductsOnly() {
    return patches.isEmpty() && tokens.isEmpty() && magnitudes.isEmpty() && addedBiases.isEmpty();
  }
}
