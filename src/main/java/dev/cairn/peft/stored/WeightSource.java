package dev.cairn.peft.stored;

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
public record WeightSource(StoredWeights folder, StoredWeight tensor) {
  private static final int STEP_BYTES = 1 << 20;

  public DType dtype() {
    return tensor.dtype();
  }

  public Shape shape() {
    return tensor.shape();
  }

  /** Returns whether another tensor is equal, element by element. */
  public boolean isSame(WeightSource other) throws IOException {
    if (dtype() != other.dtype() || !shape().equals(other.shape())) {
      return false;
    }
    long lengthBytes = dtype().bytes(shape().elements());
    for (long begin = 0; begin < lengthBytes; begin += STEP_BYTES) {
      int count = (int) Math.min(STEP_BYTES, lengthBytes - begin);
      ByteBuffer mine = ByteBuffer.allocate(count);
      ByteBuffer others = ByteBuffer.allocate(count);
      read(begin, mine);
      other.read(begin, others);
      if (!mine.flip().equals(others.flip())) {
        return false;
      }
    }
    return true;
  }

  public void read(long byteOffset, ByteBuffer target) throws IOException {
    folder.read(tensor.name(), byteOffset, target);
  }
}
