package dev.cairn.hf;

import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Compares the tensors of two model folders or files, in whatever files they are. */
public final class FolderDiff {
  private static final int BLOCK_BYTES = 1 << 20;

  private final ModelFolder first;
  private final ModelFolder second;
  private final List<TensorDifference> differences = new ArrayList<>();

  private FolderDiff(ModelFolder first, ModelFolder second) {
    this.first = first;
    this.second = second;
  }

  /**
   * Returns how two model folders or safetensors files differ: names, then shapes and dtypes, then
   * values. Streams; one thread.
   *
   * @param first a model folder or a safetensors file
   * @param second likewise; need not be of the same form
   * @return empty if all tensors are equal byte for byte
   * @throws dev.cairn.tensor.CorruptFileException if one of them is not sound
   * @throws IOException if one cannot be read
   */
  public static List<TensorDifference> of(Path first, Path second) throws IOException {
    try (ModelFolder a = ModelFolder.open(first);
        ModelFolder b = ModelFolder.open(second)) {
      FolderDiff diff = new FolderDiff(a, b);
      diff.run();
      return diff.differences;
    }
  }

  private void run() throws IOException {
    Map<String, FolderTensor> others = new LinkedHashMap<>();
    second.tensors().forEach(tensor -> others.put(tensor.name(), tensor));
    for (FolderTensor tensor : first.tensors()) {
      FolderTensor other = others.remove(tensor.name());
      if (other == null) {
        differences.add(TensorDifference.of(tensor.name(), "only in the first"));
      } else if (!tensor.shape().equals(other.shape())) {
        differences.add(
            TensorDifference.of(
                tensor.name(), "shape %s, %s".formatted(tensor.shape(), other.shape())));
      } else {
        compare(tensor, other);
      }
    }
    others
        .keySet()
        .forEach(name -> differences.add(TensorDifference.of(name, "only in the second")));
  }

  private void compare(FolderTensor tensor, FolderTensor other) throws IOException {
    if (tensor.dtype() != other.dtype()) {
      boolean comparable = tensor.dtype().isCastable() && other.dtype().isCastable();
      String problem = "dtype %s, %s".formatted(tensor.dtype(), other.dtype());
      differences.add(
          comparable
              ? values(tensor, other, problem)
              : TensorDifference.of(tensor.name(), problem));
      return;
    }
    TensorDifference difference = values(tensor, other, "values differ");
    if (difference.differingBytes() > 0) {
      differences.add(difference);
    }
  }

  /** What has been seen of two tensors so far. */
  private static final class Seen {
    private long differingBytes;
    private double largestAbsolute;
    private long largestUlp;
    private boolean isOnlyOneNan;

    void add(DType a, ByteBuffer first, DType b, ByteBuffer second, int elements) {
      for (int index = 0; index < elements; index++) {
        double x = FloatElements.get(a, first, index);
        double y = FloatElements.get(b, second, index);
        if (Double.isNaN(x) != Double.isNaN(y)) {
          isOnlyOneNan = true;
        } else if (x != y && !Double.isNaN(x)) {
          largestAbsolute = Math.max(largestAbsolute, Math.abs(x - y));
          if (a == b) {
            largestUlp = Math.max(largestUlp, FloatElements.ulps(a, first, second, index));
          }
        }
      }
    }

    TensorDifference result(String tensor, String problem, boolean areFloats, boolean sameType) {
      double absolute = isOnlyOneNan ? Double.NaN : largestAbsolute;
      return new TensorDifference(
          tensor,
          problem,
          differingBytes,
          areFloats ? OptionalDouble.of(absolute) : OptionalDouble.empty(),
          areFloats && sameType && !isOnlyOneNan
              ? OptionalLong.of(largestUlp)
              : OptionalLong.empty());
    }
  }

  private TensorDifference values(FolderTensor tensor, FolderTensor other, String problem)
      throws IOException {
    DType a = tensor.dtype();
    DType b = other.dtype();
    boolean areFloats = a.isCastable() && b.isCastable();
    long lengthBytes = tensor.lengthBytes();
    int widest = Math.max(a.bits(), b.bits());
    long blockElements = BLOCK_BYTES * 8L / Math.max(8, widest);
    Seen seen = new Seen();
    long elements = a.bits() % 8 == 0 ? tensor.shape().elements() : lengthBytes;
    for (long begin = 0; begin < elements; begin += blockElements) {
      int count = (int) Math.min(blockElements, elements - begin);
      ByteBuffer x = block(first, tensor, begin, count);
      ByteBuffer y = block(second, other, begin, count);
      if (a == b && x.equals(y)) {
        continue;
      }
      if (a == b) {
        seen.differingBytes += differingBytes(x, y);
      }
      if (areFloats) {
        seen.add(a, x, b, y, count);
      }
    }
    return seen.result(tensor.name(), problem, areFloats, a == b);
  }

  private static ByteBuffer block(ModelFolder folder, FolderTensor tensor, long begin, int count)
      throws IOException {
    int elementBytes = Math.max(1, tensor.dtype().bits() / 8);
    ByteBuffer block = ByteBuffer.allocate(count * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
    folder.read(tensor.name(), begin * elementBytes, block);
    return block.flip();
  }

  private static long differingBytes(ByteBuffer x, ByteBuffer y) {
    long count = 0;
    for (int index = 0; index < x.limit(); index++) {
      count += x.get(index) == y.get(index) ? 0 : 1;
    }
    return count;
  }
}
