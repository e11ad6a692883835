package dev.cairn.benchmarks;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Touches and frees memory right before a run.
 *
 * <p>A virtual machine may hand freed pages back to its host, and the first touch of such a page
 * costs ten times a write into it: without this, runs differ by that much and say nothing.
 */
final class WarmMemory {
  private WarmMemory() {}

  /** Touches and frees this much. */
  static void touch(long lengthBytes) {
    if (lengthBytes > 0) {
      Pointer memory = Pointer.malloc(lengthBytes);
      try (BytePointer bytes = new BytePointer(memory).capacity(lengthBytes)) {
        Pointer.memset(bytes, 1, lengthBytes);
      }
      Pointer.free(memory);
    }
  }
}
