package dev.cairn.device;

import java.nio.ByteBuffer;

/**
 * Page-aligned host memory outside the Java heap, of any length, freed by {@link #close}.
 *
 * <p>The memory is not the collector's business: a buffer from {@link #view} does not keep it
 * alive. Any thread; closing while another thread uses a view is the caller's mistake.
 */
public sealed interface ViewableMemory extends AutoCloseable permits HostMemory, PinnedMemory {
  /**
   * {@return the address of the first byte, a multiple of 4096}
   *
   * @throws IllegalStateException if the memory is closed
   */
  long address();

  /** {@return the length in bytes} */
  long lengthBytes();

  /**
   * {@return a little-endian buffer over a part of this memory; valid until {@link #close}}
   *
   * @param offset of the first byte
   * @param viewBytes 0 or more
   * @throws IllegalArgumentException if the part does not lie inside
   */
  default ByteBuffer view(long offset, int viewBytes) {
    HostMemory.checkInside(offset, viewBytes, lengthBytes());
    return HostMemory.viewOf(address() + offset, viewBytes);
  }

  @Override
  void close();
}
