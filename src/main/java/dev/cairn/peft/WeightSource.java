package dev.cairn.peft;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A tensor that a merge starts from: the base model's, or the adapter's that takes its place.
 *
 * @param folder open while the merge runs
 * @param tensor one of its tensors
 */
record WeightSource(StoredWeights folder, StoredWeight tensor) {
  DType dtype() {
    return tensor.dtype();
  }

  Shape shape() {
    return tensor.shape();
  }

  void read(long byteOffset, ByteBuffer target) throws IOException {
    folder.read(tensor.name(), byteOffset, target);
  }
}
