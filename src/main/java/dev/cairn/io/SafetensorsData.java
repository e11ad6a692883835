package dev.cairn.io;

import dev.cairn.machine.CloseAll;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.CorruptFileException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The tensors' bytes of an open safetensors file.
 *
 * <p>Reads are positioned and may run in any number of threads at once. An interrupt does not end
 * them: it stays set for the caller to see.
 */
public final class SafetensorsData implements Closeable {
  private final InputFile reader;
  private final long dataOffset;

  /** Takes over an open file whose data begins at this byte. */
  SafetensorsData(InputFile reader, long dataOffset) {
    this.reader = reader;
    this.dataOffset = dataOffset;
  }

  /**
   * Opens a file whose tensors are known from elsewhere: its header is passed over, and only how
   * long it is and the whole file is checked.
   *
   * @param disk where it is
   * @param path an existing file
   * @param dataBytes the length of all its tensors together
   * @return the open file
   * @throws CorruptFileException if header and data are not what the file consists of
   * @throws IOException if the disk fails
   */
  public static SafetensorsData open(Disk disk, Path path, long dataBytes) throws IOException {
    InputFile reader = disk.openForReading(path);
    try {
      long dataOffset = Header.LENGTH_BYTES + jsonBytes(reader);
      if (reader.lengthBytes() - dataOffset != dataBytes) {
        throw new CorruptFileException(
            "file has another length than its tensors: dataBytes=%d, expected %d, file=%s"
                .formatted(reader.lengthBytes() - dataOffset, dataBytes, path));
      }
      return new SafetensorsData(reader, dataOffset);
    } catch (IOException | RuntimeException | Error e) {
      CloseAll.of(reader).closeAfter(e);
      throw e;
    }
  }

  /** Reads how long the header's JSON is. */
  static long jsonBytes(InputFile reader) throws IOException {
    byte[] first8 = new byte[(int) Math.min(Header.LENGTH_BYTES, reader.lengthBytes())];
    reader.read(0, ByteBuffer.wrap(first8));
    return Header.parseLength(first8, reader.lengthBytes(), reader.path().toString());
  }

  /**
   * Fills the rest of {@code target} with bytes of a tensor; its position moves to its limit.
   *
   * @param tensor one of the file's
   * @param byteOffset the first byte to read, counted from the tensor's first
   * @param target direct memory is read into without a copy
   * @throws IllegalArgumentException if the tensor ends before the target is full
   * @throws CorruptFileException if the file has become shorter
   * @throws IllegalStateException if the file is closed
   */
  public void read(TensorEntry tensor, long byteOffset, ByteBuffer target) throws IOException {
    if (byteOffset < 0 || byteOffset > tensor.lengthBytes() - target.remaining()) {
      throw new IllegalArgumentException(
          "range outside the tensor: byteOffset=%d, lengthBytes=%d, expected at most %d, tensor=%s, file=%s"
              .formatted(
                  byteOffset,
                  target.remaining(),
                  tensor.lengthBytes(),
                  tensor.name(),
                  reader.path()));
    }
    try {
      reader.read(dataOffset + tensor.beginByte() + byteOffset, target);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(e.getMessage() + ", tensor=" + tensor.name(), e);
    }
  }

  /**
   * Closes the file; a second call does nothing.
   *
   * @throws IllegalStateException if a read is under way; the file then stays open
   */
  @Override
  public void close() throws IOException {
    reader.close();
  }
}
