package dev.cairn.torchfile;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A tensor and where its bytes lie.
 *
 * @param tensor the view
 * @param file the file that holds the storage
 * @param fileOffset byte of the file where the tensor's first element begins
 */
public record StoredTensor(TensorRef tensor, Path file, long fileOffset) {
  public DType dtype() {
    return tensor.dtype();
  }

  public Shape shape() {
    return tensor.shape();
  }

  public long elements() {
    return tensor.shape().elements();
  }

  /** Returns a tensor whose elements lie row-major without holes from a byte of a file on. */
  public static StoredTensor contiguous(Path file, long fileOffset, DType dtype, Shape shape) {
    return new StoredTensor(
        new TensorRef("", shape.elements(), dtype, 0, shape, Strides.rowMajor(shape)),
        file,
        fileOffset);
  }

  /** Returns the same elements, which are contiguous, in another shape of as many. */
  public StoredTensor as(Shape shape) {
    TensorRef other =
        new TensorRef(
            tensor.storageKey(),
            tensor.storageElements(),
            tensor.dtype(),
            tensor.elementOffset(),
            shape,
            Strides.rowMajor(shape));
    return new StoredTensor(other, file, fileOffset);
  }

  /** Returns whether both are the same view of the same storage. */
  public boolean isSameView(StoredTensor other) {
    return file.equals(other.file) && tensor.isSameView(other.tensor);
  }

  /**
   * Finds the bytes of a tensor.
   *
   * @param what its place in the checkpoint, for messages
   * @throws CorruptFileException if the storage is missing or shorter than the tensor says
   */
  public static StoredTensor locate(TorchFile archive, TensorRef tensor, String what)
      throws IOException {
    if (tensor.shape().elements() == 0) {
      return new StoredTensor(tensor, archive.file(), 0);
    }
    TorchFile.ByteRange storage = archive.storage(tensor.storageKey());
    // Overflow is impossible: checked elements times at most 8 bytes, compared by division.
    long width = tensor.dtype().bits() / 8;
    long available = storage.lengthBytes() / width;
    if (available < tensor.storageElements()) {
      throw new CorruptFileException(
          "storage is shorter than its tensor: "
              + what
              + ", storage="
              + tensor.storageKey()
              + ", lengthBytes="
              + storage.lengthBytes()
              + ", expected "
              + tensor.storageElements()
              + " elements of "
              + width
              + " bytes, file="
              + archive.file());
    }
    return new StoredTensor(
        tensor,
        archive.file(),
        archive.channel().begin() + storage.offset() + tensor.elementOffset() * width);
  }

  /**
   * Visits the file ranges of elements [begin, end), counted row-major, in order, none empty.
   *
   * @throws IOException whatever the visitor throws
   */
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    long width = dtype().bits() / 8;
    if (tensor.isContiguous()) {
      if (begin < end) {
        visitor.visit(
            new SourceRange(file, fileOffset + begin * width, width, dtype(), begin, end));
      }
      return;
    }
    Shape shape = shape();
    Strides strides = tensor.strides();
    int inner = shape.dimensions() - 1;
    for (long at = begin; at < end; ) {
      long column = at % shape.dimension(inner);
      long stop = Math.min(end, at - column + shape.dimension(inner));
      long element = column * strides.step(inner);
      long row = at / shape.dimension(inner);
      for (int i = inner - 1; i >= 0; i--) {
        element += row % shape.dimension(i) * strides.step(i);
        row /= shape.dimension(i);
      }
      visitor.visit(
          new SourceRange(
              file, fileOffset + element * width, strides.step(inner) * width, dtype(), at, stop));
      at = stop;
    }
  }
}
