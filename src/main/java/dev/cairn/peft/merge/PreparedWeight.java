package dev.cairn.peft.merge;

import dev.cairn.peft.stored.FloatTensor;
import dev.cairn.peft.stored.Turns;
import dev.cairn.peft.stored.WeightSource;
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
final class PreparedWeight implements Turns.Sized {
  private final WeightMerge merge;
  private final Turns<LowRankSource, LowRankProduct> products;
  private final Map<Long, float[]> rows = new HashMap<>();
  private final Map<WeightMerge.AddedBias, float[]> addedBiases = new LinkedHashMap<>();
  private float[] factors;

  /**
   * Reads the adapter's part.
   *
   * @param tiles for a first pass over the weight, if its columns' or rows' lengths are wanted
   * @param matrices the adapter's
   * @param products made of these when a range wants them
   */
  PreparedWeight(
      WeightMerge merge,
      Tiles tiles,
      AdapterMatrices matrices,
      Turns<LowRankSource, LowRankProduct> products)
      throws IOException {
    this.merge = merge;
    this.products = products;
    for (WeightMerge.TokenRows tokens : merge.tokens()) {
      addRows(tokens, matrices);
    }
    for (WeightMerge.AddedBias bias : merge.addedBiases()) {
      addedBiases.put(bias, read(bias.source(), matrices));
    }
    if (!merge.magnitudes().isEmpty()) {
      factors = new DoraFactors(merge, this, tiles).compute(magnitudes(matrices));
    }
  }

  private List<float[]> magnitudes(AdapterMatrices matrices) throws IOException {
    List<float[]> all = new ArrayList<>();
    for (WeightMerge.Magnitude magnitude : merge.magnitudes()) {
      all.add(read(magnitude.source(), matrices));
    }
    return all;
  }

  private static float[] read(WeightSource source, AdapterMatrices matrices) throws IOException {
    try (FloatTensor tensor = matrices.read(source.tensor(), 0, source.shape().elements())) {
      return tensor.toArray();
    }
  }

  private void addRows(WeightMerge.TokenRows tokens, AdapterMatrices matrices) throws IOException {
    float[] values = read(tokens.source(), matrices);
    int rowElements = values.length / tokens.indices().size();
    for (int index = 0; index < tokens.indices().size(); index++) {
      float[] row = new float[rowElements];
      System.arraycopy(values, index * rowElements, row, 0, rowElements);
      rows.put((long) tokens.indices().get(index), row);
    }
  }

  /**
   * Adds the products to elements that hold the starting values.
   *
   * @param dtype F32; or BF16, if no two products are added to one element
   * @param values from its position on, which stays as it is
   * @param first the weight's element that is there
   */
  void addProducts(DType dtype, ByteBuffer values, long first, int elements) throws IOException {
    for (WeightMerge.Product product : merge.products()) {
      WeightMerge.Range part = product.range().within(first, elements);
      if (part.elements() > 0) {
        int begin = values.position() + (int) dtype.bytes(part.begin() - first);
        ByteBuffer target = values.duplicate().order(values.order()).position(begin);
        try (var lease = products.take(product.source())) {
          lease.value().addTo(dtype, target, part.otherBegin(), (int) part.elements());
        }
      }
    }
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
  public long lengthBytes() {
    return factors == null ? 0 : DType.F32.bytes(factors.length);
  }

  @Override
  public void close() {
    rows.clear();
    addedBiases.clear();
  }
}
