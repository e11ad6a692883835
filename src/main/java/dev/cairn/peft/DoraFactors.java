package dev.cairn.peft;

import java.io.IOException;
import java.nio.FloatBuffer;

/** Computes what DoRA multiplies each output with: its wanted length over its merged length. */
final class DoraFactors {
  private final WeightMerge merge;
  private final PreparedWeight prepared;
  private final Tiles tiles;

  /** {@code prepared} has its products, not yet its factors. */
  DoraFactors(WeightMerge merge, PreparedWeight prepared, Tiles tiles) {
    this.merge = merge;
    this.prepared = prepared;
    this.tiles = tiles;
  }

  /** Reads the whole weight once. */
  float[] compute(float[] magnitudes) throws IOException {
    double[] squares = new double[magnitudes.length];
    long elements = merge.shape().elements();
    try (Tiles.Tile tile = tiles.take()) {
      for (long first = 0; first < elements; first += Tiles.ELEMENTS) {
        int count = (int) Math.min(Tiles.ELEMENTS, elements - first);
        tile.read(merge.start(), first, count);
        prepared.addProducts(tile.floats(), first, count);
        addSquares(tile.floats().asFloatBuffer(), first, count, squares);
      }
    }
    float[] factors = new float[magnitudes.length];
    for (int output = 0; output < factors.length; output++) {
      factors[output] = (float) (magnitudes[output] / Math.sqrt(squares[output]));
    }
    return factors;
  }

  private void addSquares(FloatBuffer floats, long first, int count, double[] squares) {
    long columns = merge.shape().elements() / merge.shape().dimension(0);
    boolean isPerColumn = merge.magnitude().isPerColumn();
    for (int i = 0; i < count; i++) {
      double value = floats.get(i);
      long output = isPerColumn ? (first + i) % columns : (first + i) / columns;
      squares[(int) output] += value * value;
    }
  }
}
