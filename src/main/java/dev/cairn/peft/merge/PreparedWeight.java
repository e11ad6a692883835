package dev.cairn.peft.merge;

import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Everything that a weight's merge needs in memory, beside the weight itself. */
final class PreparedWeight implements AutoCloseable {
  private final WeightMerge merge;
  private final List<PreparedProduct> products = new ArrayList<>();
  private final Map<LowRankSource, LowRankProduct> bySource = new HashMap<>();
  private final Map<Long, float[]> rows = new HashMap<>();
  private final Map<WeightMerge.AddedBias, float[]> addedBiases = new LinkedHashMap<>();
  private float[] factors;

  /** A product, and which elements it is added to. */
  private record PreparedProduct(LowRankProduct product, WeightMerge.Range range) {}

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
      for (WeightMerge.Product product : merge.products()) {
        LowRankProduct made = bySource.get(product.source());
        if (made == null) {
          made = new LowRankProduct(product.source(), kernels, pool);
          bySource.put(product.source(), made);
        }
        products.add(new PreparedProduct(made, product.range()));
      }
      for (WeightMerge.TokenRows tokens : merge.tokens()) {
        addRows(tokens, kernels, pool);
      }
      for (WeightMerge.AddedBias bias : merge.addedBiases()) {
        addedBiases.put(bias, read(bias.source(), kernels, pool));
      }
      if (!merge.magnitudes().isEmpty()) {
        factors = new DoraFactors(merge, this, tiles).compute(magnitudes(kernels, pool));
      }
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private List<float[]> magnitudes(Kernels kernels, MergeMemory pool) throws IOException {
    List<float[]> all = new ArrayList<>();
    for (WeightMerge.Magnitude magnitude : merge.magnitudes()) {
      all.add(read(magnitude.source(), kernels, pool));
    }
    return all;
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
    for (PreparedProduct product : products) {
      WeightMerge.Range part = product.range().within(first, elements);
      if (part.elements() > 0) {
        int begin = tile.position() + (int) DType.F32.bytes(part.begin() - first);
        ByteBuffer target = tile.duplicate().order(tile.order()).position(begin);
        product.product().addTo(DType.F32, target, part.otherBegin(), (int) part.elements());
      }
    }
  }

  /** Does all there is to do to BF16 elements that hold the starting values: adds one product. */
  void addOnlyProduct(ByteBuffer values, long first, int elements) {
    products.get(0).product().addTo(DType.BF16, values, first, elements);
  }

  /** Does what comes after the products. */
  void finish(ByteBuffer tile, long first, int elements) {
    FloatBuffer floats = tile.asFloatBuffer();
    if (factors != null) {
      rescale(floats, first, elements);
    }
    addedBiases.forEach((bias, values) -> add(bias, values, floats, first, elements));
    if (!rows.isEmpty()) {
      replaceRows(floats, first, elements);
    }
  }

  private static void add(
      WeightMerge.AddedBias bias, float[] values, FloatBuffer floats, long first, int elements) {
    WeightMerge.Range part = bias.range().within(first, elements);
    float scale = (float) bias.scale();
    for (int i = 0; i < part.elements(); i++) {
      int at = (int) (part.begin() - first) + i;
      floats.put(at, floats.get(at) + scale * values[(int) part.otherBegin() + i]);
    }
  }

  private void rescale(FloatBuffer floats, long first, int elements) {
    long columns = columns();
    boolean isPerColumn = merge.magnitudes().get(0).isPerColumn();
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
    bySource.values().forEach(LowRankProduct::close);
    bySource.clear();
    products.clear();
  }
}
