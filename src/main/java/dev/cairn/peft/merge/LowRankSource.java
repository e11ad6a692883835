package dev.cairn.peft.merge;

import dev.cairn.peft.stored.FloatTensor;
import dev.cairn.peft.stored.StoredWeight;
import java.io.IOException;

/**
 * Where the two matrices of one layer lie, or one expert's part of them, and which way round its
 * weight takes them.
 *
 * @param a rank x inputs, further dimensions (a convolution's) flattened
 * @param b outputs x rank
 * @param expert whose part it is
 * @param scale what their product is multiplied with
 * @param isTransposed whether the weight is stored inputs x outputs, as an embedding's and GPT-2's
 */
record LowRankSource(
    StoredWeight a, StoredWeight b, ExpertSlice expert, double scale, boolean isTransposed) {
  int rank() {
    return Math.toIntExact(a.shape().dimension(0) / expert.count());
  }

  private int inputs() {
    return Math.toIntExact(a.shape().elements() / a.shape().dimension(0));
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

  FloatTensor readLeft(AdapterMatrices matrices) throws IOException {
    return isTransposed ? readA(matrices) : readB(matrices);
  }

  FloatTensor readRight(AdapterMatrices matrices) throws IOException {
    return isTransposed ? readB(matrices) : readA(matrices);
  }

  private FloatTensor readA(AdapterMatrices matrices) throws IOException {
    long elements = (long) rank() * inputs();
    return matrices.read(a, expert.index() * elements, elements);
  }

  private FloatTensor readB(AdapterMatrices matrices) throws IOException {
    return expert.count() == 1
        ? matrices.read(b, 0, b.shape().elements())
        : matrices.readColumns(b, expert);
  }
}
