package dev.cairn.peft;

import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Everything that a weight's merge needs in memory, beside the weight itself. */
final class PreparedWeight implements AutoCloseable {
  private final WeightMerge merge;
  private final List<LowRankProduct> products = new ArrayList<>();
  private final Map<Long, float[]> rows = new HashMap<>();
  private float[] factors;
  private float[] addedBias;

  /**
   * Reads the adapter's part.
   *
   * @param tiles for a first pass over the weight, if its columns' or rows' lengths are wanted
   * @param pool for what stays until the weight is done
   */
  PreparedWeight(WeightMerge merge, Kernels kernels, Tiles tiles, MergeMemory pool)
      throws IOException {
    this.merge = merge;
    try {
      for (LowRankSource source : merge.products()) {
        products.add(new LowRankProduct(source, kernels, pool));
      }
      for (WeightMerge.TokenRows tokens : merge.tokens()) {
        addRows(tokens, kernels, pool);
      }
      if (merge.addedBias() != null) {
        addedBias = read(merge.addedBias().source(), kernels, pool);
      }
      if (merge.magnitude() != null) {
        factors = new DoraFactors(merge, this, tiles).compute(magnitudes(kernels, pool));
      }
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private float[] magnitudes(Kernels kernels, MergeMemory pool) throws IOException {
    return read(merge.magnitude().source(), kernels, pool);
  }

  private static float[] read(WeightSource source, Kernels kernels, MergeMemory pool)
      throws IOException {
    try (FloatTensor tensor = FloatTensor.read(source.folder(), source.tensor(), kernels, pool)) {
      return tensor.toArray();
    }
  }

  private void addRows(WeightMerge.TokenRows tokens, Kernels kernels, MergeMemory pool)
      throws IOException {
    float[] values = read(tokens.source(), kernels, pool);
    int rowElements = values.length / tokens.indices().size();
    for (int index = 0; index < tokens.indices().size(); index++) {
      float[] row = new float[rowElements];
      System.arraycopy(values, index * rowElements, row, 0, rowElements);
      rows.put((long) tokens.indices().get(index), row);
    }
  }

  /** Adds the products to F32 elements that hold the starting values. */
  void addProducts(ByteBuffer tile, long first, int elements) {
    for (LowRankProduct product : products) {
      product.addTo(DType.F32, tile, first, elements);
    }
  }

  /** Does all there is to do to BF16 elements that hold the starting values: adds one product. */
  void addOnlyProduct(ByteBuffer values, long first, int elements) {
    products.get(0).addTo(DType.BF16, values, first, elements);
  }

  /** Does what comes after the products. */
  void finish(ByteBuffer tile, long first, int elements) {
    FloatBuffer floats = tile.asFloatBuffer();
    if (factors != null) {
      rescale(floats, first, elements);
    }
    if (addedBias != null) {
      float scale = (float) merge.addedBias().scale();
      for (int i = 0; i < elements; i++) {
        floats.put(i, floats.get(i) + scale * addedBias[(int) first + i]);
      }
    }
    if (!rows.isEmpty()) {
      replaceRows(floats, first, elements);
    }
  }

  private void rescale(FloatBuffer floats, long first, int elements) {
    long columns = columns();
    boolean isPerColumn = merge.magnitude().isPerColumn();
    for (int i = 0; i < elements; i++) {
      long output = isPerColumn ? (first + i) % columns : (first + i) / columns;
      floats.put(i, floats.get(i) * factors[(int) output]);
    }
  }

  private void replaceRows(FloatBuffer floats, long first, int elements) {
    long columns = columns();
    for (int i = 0; i < elements; ) {
      int column = (int) ((first + i) % columns);
      int count = (int) Math.min(columns - column, elements - i);
      float[] row = rows.get((first + i) / columns);
      if (row != null) {
        floats.put(i, row, column, count);
      }
      i += count;
    }
  }

  private long columns() {
    return merge.shape().elements() / merge.shape().dimension(0);
  }

  @Override
  public void close() {
    products.forEach(LowRankProduct::close);
    products.clear();
  }
}
