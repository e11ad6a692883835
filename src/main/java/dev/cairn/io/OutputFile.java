package dev.cairn.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that is being written at given offsets. Any number of threads may write at once. */
public interface OutputFile extends AutoCloseable {
  /**
   * Writes the buffer from its position to its limit.
   *
   * @param bytes borrowed until the return
   * @param fileOffset where in the file the first byte goes, 0 or more
   * @throws IOException naming the file and the offset; how much was written is unknown
   */
  void writeFully(ByteBuffer bytes, long fileOffset) throws IOException;

  /**
   * Lets the disk begin with what was written, which will be forced: the force waits less. Promises
   * nothing, and does nothing where that is not supported.
   *
   * @param fileOffset first byte of what was written
   * @param lengthBytes how much it is, 0 or more
   * @throws IOException naming the file and the offset
   */
  default void willForce(long fileOffset, long lengthBytes) throws IOException {}

  /**
   * Brings a range to the disk, so that {@link #force} has less to do and a long force shows
   * progress; does nothing where the file system cannot. Not durable by itself.
   *
   * @param fileOffset first byte of the range, 0 or more
   * @param lengthBytes more than 0; the range may end beyond the file
   * @throws IOException naming the file and the offset
   */
  void writeBack(long fileOffset, long lengthBytes) throws IOException;

  /**
   * Makes what was written survive a power cut: data and metadata are on the disk on return.
   *
   * @throws IOException naming the file, if that is not sure; what was written before may be lost,
   *     and forcing again does not bring it back
   */
  void force() throws IOException;

  @Override
  void close() throws IOException;
}
