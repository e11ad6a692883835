package dev.cairn.copy;

import dev.cairn.plan.Chunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Makes the bytes of chunks. Every feature is this with another implementation. */
public interface ChunkSource {
  /**
   * Starts a chunk. Called in plan order, one call at a time; must not wait.
   *
   * @param chunk what is wanted
   * @param staging where the bytes may be put, from its position; has room for the chunk
   * @return the rest of the work, run by one of several threads
   * @throws IOException if the bytes cannot be asked for, for example because their rank has failed
   */
  Filling begin(Chunk chunk, ByteBuffer staging) throws IOException;

  /** A chunk on its way. */
  interface Filling {
    /**
     * Returns the chunk's bytes in file order: parts of the staging buffer, and for long pieces
     * that need no cast the memory where they lie.
     *
     * @return parts that follow each other in the file, together as long as the chunk; they stay
     *     valid until the sink has taken them
     * @throws IOException if the bytes cannot be had
     */
    List<ByteBuffer> finish() throws IOException;
  }
}
