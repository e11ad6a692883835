package dev.cairn.cli.demo;

import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The model that a demo saves: every process can make any part of it, and so can the check
 * afterwards.
 */
interface DemoModel extends AutoCloseable {
  /** Returns the tensors as they are held, in the order of the model's parameters. */
  List<TensorInfo> tensors();

  /**
   * Puts held bytes of one tensor into {@code target}, from its position to its limit, where its
   * position ends.
   *
   * @param tensor index into {@link #tensors}
   * @param byteOffset first byte, a multiple of the element's width
   */
  void read(int tensor, long byteOffset, ByteBuffer target) throws IOException;

  @Override
  void close() throws IOException;
}
