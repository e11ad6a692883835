package dev.cairn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A file that is being read at given offsets. Any number of threads may read at once. */
public interface InputFile extends AutoCloseable {
  /** {@return the path as it was given} */
  Path path();

  /** {@return the length in bytes that the file had when it was opened} */
  long lengthBytes();

  /**
   * Fills the rest of a buffer. An interrupt does not end the read: it stays set for the caller to
   * see.
   *
   * @param fileOffset the first byte to read, 0 or more
   * @param target its position moves to its limit; direct memory is read into without a copy
   * @throws dev.cairn.tensor.CorruptFileException if the file ends before the target is full
   * @throws IOException if the disk fails
   * @throws IllegalStateException if the file is closed
   */
  void read(long fileOffset, ByteBuffer target) throws IOException;

  /**
   * Closes the file; a second call does nothing.
   *
   * @throws IllegalStateException if a read is under way; the file then stays open
   */
  @Override
  void close() throws IOException;
}
