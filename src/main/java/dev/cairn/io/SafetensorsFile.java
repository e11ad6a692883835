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
 * An open safetensors file: its checked header, and byte ranges of its tensors on demand.
 *
 * <p>Reads are positioned and may run in any number of threads at once. An interrupt does not end
 * them: it stays set for the caller to see.
 */
public final class SafetensorsFile implements Closeable {
  private final InputFile reader;
  private final Header header;
  private final SafetensorsData data;

  private SafetensorsFile(InputFile reader, Header header) {
    this.reader = reader;
    this.header = header;
    this.data = new SafetensorsData(reader, header.dataOffset());
  }

  /**
   * Opens a local file, as {@link #open(Disk, Path)} does.
   *
   * @param path an existing file
   * @return the open file
   * @throws CorruptFileException if it is not a sound safetensors file
   * @throws IOException if the disk fails
   */
  public static SafetensorsFile open(Path path) throws IOException {
    return open(Disk.local(), path);
  }

  /**
   * Opens {@code path}, reads its header and checks it against the real length of the file. No data
   * is read.
   *
   * @param disk where it is
   * @param path an existing file
   * @return the open file
   * @throws CorruptFileException if it is not a sound safetensors file
   * @throws IOException if the disk fails
   */
  public static SafetensorsFile open(Disk disk, Path path) throws IOException {
    InputFile reader = disk.openForReading(path);
    try {
      return new SafetensorsFile(reader, readHeader(reader));
    } catch (IOException | RuntimeException | Error e) {
      CloseAll.of(reader).closeAfter(e);
      throw e;
    }
  }

  private static Header readHeader(InputFile reader) throws IOException {
    try {
      byte[] json = new byte[(int) SafetensorsData.jsonBytes(reader)]; // at most 100 000 000
      reader.read(Header.LENGTH_BYTES, ByteBuffer.wrap(json));
      return Header.parse(json, reader.lengthBytes(), reader.path().toString());
    } catch (CorruptFileException e) {
      throw NotSafetensors.explain(reader, e);
    }
  }

  /** {@return the file's path as it was given} */
  public Path path() {
    return reader.path();
  }

  /** {@return the header, checked} */
  public Header header() {
    return header;
  }

  /**
   * Fills the rest of {@code target} with bytes of a tensor; its position moves to its limit.
   *
   * @param tensor one of {@link Header#tensors}
   * @param byteOffset the first byte to read, counted from the tensor's first
   * @param target direct memory is read into without a copy
   * @throws IllegalArgumentException if the tensor ends before the target is full
   * @throws CorruptFileException if the file has become shorter
   * @throws IllegalStateException if the file is closed
   */
  public void read(TensorEntry tensor, long byteOffset, ByteBuffer target) throws IOException {
    data.read(tensor, byteOffset, target);
  }

  /**
   * Fills the rest of {@code target} with bytes of the file, whatever they belong to.
   *
   * @param fileOffset the first byte to read, counted from the start of the file
   * @param target direct memory is read into without a copy
   * @throws CorruptFileException if the file ends before the target is full
   * @throws IllegalStateException if the file is closed
   */
  public void readFile(long fileOffset, ByteBuffer target) throws IOException {
    reader.read(fileOffset, target);
  }

  /**
   * Closes the file; a second call does nothing.
   *
   * @throws IllegalStateException if a read is under way; the file then stays open
   */
  @Override
  public void close() throws IOException {
    data.close();
  }
}
