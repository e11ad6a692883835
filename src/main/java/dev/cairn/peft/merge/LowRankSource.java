package dev.cairn.peft.merge;

import dev.cairn.kernels.Kernels;
import java.io.IOException;

/**
 * Where the two matrices of one layer lie, and which way round its weight takes them.
 *
 * @param adapter the open adapter
 * @param a rank x inputs, further dimensions (a convolution's) flattened
 * @param b outputs x rank
 * @param scale what their product is multiplied with
 * @param isTransposed whether the weight is stored inputs x outputs, as an embedding's and GPT-2's
 */
record LowRankSource(
    StoredWeights adapter, StoredWeight a, StoredWeight b, double scale, boolean isTransposed) {
  int rank() {
    return Math.toIntExact(a.shape().dimension(0));
  }

  private int inputs() {
    return Math.toIntExact(a.shape().elements() / rank());
  }

  private int outputs() {
    return Math.toIntExact(b.shape().dimension(0));
  }

  /** Returns how many rows the weight has. */
  int rows() {
    return isTransposed ? inputs() : outputs();
  }

  /** Returns how many columns the weight has, further dimensions flattened. */
  int columns() {
    return isTransposed ? outputs() : inputs();
  }

  FloatTensor readLeft(Kernels kernels, MergeMemory pool) throws IOException {
    return FloatTensor.read(adapter, isTransposed ? a : b, kernels, pool);
  }

  FloatTensor readRight(Kernels kernels, MergeMemory pool) throws IOException {
    return FloatTensor.read(adapter, isTransposed ? b : a, kernels, pool);
  }
}
