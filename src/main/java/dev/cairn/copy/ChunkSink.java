package dev.cairn.copy;

import dev.cairn.plan.Chunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Takes finished chunks: writes them to a file, or sends them to the rank that does. Any thread.
 */
public interface ChunkSink {
  /**
   * Takes the bytes; they may be overwritten after the return.
   *
   * @param chunk what they are
   * @param sequence place of the chunk in plan order, from 0; chunks arrive in any order
   * @param parts follow each other in the file; together as long as the chunk
   * @throws IOException if the bytes cannot be written or sent; the copy stops
   */
  void accept(Chunk chunk, int sequence, List<ByteBuffer> parts) throws IOException;
}
