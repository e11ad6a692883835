package dev.cairn.peft.merge;

import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

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

  /**
   * Reads the whole weight once.
   *
   * @param lengths wanted, in the order of the merge's magnitudes
   * @return a factor for each row, or column; 1 for those of no layer
   */
  float[] compute(List<float[]> lengths) throws IOException {
    boolean isPerColumn = merge.magnitudes().get(0).isPerColumn();
    long rows = merge.shape().dimension(0);
    long columns = merge.shape().elements() / rows;
    double[] squares = new double[Math.toIntExact(isPerColumn ? columns : rows)];
    long elements = merge.shape().elements();
    try (Tiles.Tile tile = tiles.take()) {
      for (long first = 0; first < elements; first += Tiles.ELEMENTS) {
        int count = (int) Math.min(Tiles.ELEMENTS, elements - first);
        tile.read(merge, first, count);
        prepared.addProducts(DType.F32, tile.floats(), first, count);
        addSquares(tile.floats().asFloatBuffer(), first, count, squares);
      }
    }
    float[] factors = new float[squares.length];
    Arrays.fill(factors, 1);
    for (int index = 0; index < lengths.size(); index++) {
      WeightMerge.Range outputs = merge.magnitudes().get(index).outputs();
      for (int i = 0; i < outputs.elements(); i++) {
        int output = (int) outputs.begin() + i;
        double wanted = lengths.get(index)[(int) outputs.otherBegin() + i];
        factors[output] = (float) (wanted / Math.sqrt(squares[output]));
      }
    }
    return factors;
  }

  private void addSquares(FloatBuffer floats, long first, int count, double[] squares) {
    long columns = merge.shape().elements() / merge.shape().dimension(0);
    boolean isPerColumn = merge.magnitudes().get(0).isPerColumn();
    for (int i = 0; i < count; i++) {
      double value = floats.get(i);
      long output = isPerColumn ? (first + i) % columns : (first + i) / columns;
      squares[(int) output] += value * value;
    }
  }
}
