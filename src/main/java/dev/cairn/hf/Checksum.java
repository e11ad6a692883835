package dev.cairn.hf;

import java.nio.ByteBuffer;

/** Computes CRC32C; the kernels' own method has this form. */
@FunctionalInterface
public interface Checksum {
  /**
   * {@return the CRC32C of the bytes before and {@code lengthBytes} bytes from the source's
   * position on, which is not moved}
   *
   * @param crc of the bytes before, 0 at the start
   * @param source the bytes, from its position on
   * @param lengthBytes how many of them
   */
  int crc32c(ByteBuffer source, int lengthBytes, int crc);
}
