package dev.cairn.peft;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** What becomes of one tensor of the base model. Filled while a merge is planned. */
final class WeightMerge {
  private final String name;
  private final WeightSource base;
  private WeightSource start;
  private final List<LowRankSource> products = new ArrayList<>();
  private final List<TokenRows> tokens = new ArrayList<>();
  private Magnitude magnitude;
  private AddedBias addedBias;

  /**
   * DoRA's lengths: one for each output.
   *
   * @param source of the lengths
   * @param isPerColumn whether an output is a column of the weight, not a row
   */
  record Magnitude(WeightSource source, boolean isPerColumn) {}

  /**
   * The bias of a layer's B, which goes into the base's bias.
   *
   * @param source of the bias
   * @param scale what it is multiplied with
   */
  record AddedBias(WeightSource source, double scale) {}

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

  /** Returns the tensor whose shape and dtype the result has. */
  WeightSource base() {
    return base;
  }

  /** Returns the tensor whose values the result begins with. */
  WeightSource start() {
    return start;
  }

  Shape shape() {
    return base.shape();
  }

  void replace(WeightSource other) {
    start = other;
  }

  void add(LowRankSource product) {
    products.add(product);
  }

  void add(TokenRows rows) {
    tokens.add(rows);
  }

  void rescale(Magnitude lengths) {
    magnitude = lengths;
  }

  void addBias(AddedBias bias) {
    addedBias = bias;
  }

  List<LowRankSource> products() {
    return products;
  }

  List<TokenRows> tokens() {
    return tokens;
  }

  /** Returns DoRA's lengths; null if there are none. */
  Magnitude magnitude() {
    return magnitude;
  }

  /** Returns what is added to a bias; null if nothing is. */
  AddedBias addedBias() {
    return addedBias;
  }

  /** Returns whether the result is {@link #start} plus one product, and nothing else. */
  boolean isOneProduct() {
    return products.size() == 1 && hasProductsOnly();
  }

  /** Returns whether the bytes to write are those of {@link #start}. */
  boolean isCopy() {
    return products.isEmpty() && hasProductsOnly() && start.dtype() == base.dtype();
  }

  private boolean hasProductsOnly() {
    return tokens.isEmpty() && magnitude == null && addedBias == null;
  }
}
