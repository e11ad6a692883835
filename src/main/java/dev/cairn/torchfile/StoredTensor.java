package dev.cairn.torchfile;

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

  /**
   * Finds the bytes of a tensor.
   *
   * @param what its place in the checkpoint, for messages
   * @throws CorruptFileException if the storage is missing or shorter than the tensor says
   */
  public static StoredTensor locate(TorchArchive archive, TensorRef tensor, String what)
      throws IOException {
    if (tensor.shape().elements() == 0) {
      return new StoredTensor(tensor, archive.file(), 0);
    }
    TorchArchive.ByteRange storage = archive.storage(tensor.storageKey());
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
        tensor, archive.file(), storage.offset() + tensor.elementOffset() * width);
  }
}
