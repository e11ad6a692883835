package dev.cairn.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that is being written at given offsets. Any number of threads may write at once. */
public interface OutputFile extends AutoCloseable {
  /**
   * Writes the buffer from its position to its limit.
   *
   * @throws IOException naming the file and the offset; how much was written is unknown
   */
  void writeFully(ByteBuffer bytes, long fileOffset) throws IOException;

  /**
   * Lets the disk begin with what was written, which will be forced: the force waits less. Promises
   * nothing, and does nothing where that is not supported.
   */
  default void willForce(long fileOffset, long lengthBytes) throws IOException {}

  /**
   * Brings a range to the disk, so that {@link #force} has less to do and a long force shows
   * progress; does nothing where the file system cannot. Not durable by itself.
   *
   * @param lengthBytes more than 0; the range may end beyond the file
   * @throws IOException naming the file and the offset
   */
  void writeBack(long fileOffset, long lengthBytes) throws IOException;

  /** Makes what was written survive a power cut: data and metadata are on the disk on return. */
  void force() throws IOException;

  @Override
  void close() throws IOException;
}
