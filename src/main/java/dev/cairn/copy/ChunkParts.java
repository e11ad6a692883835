package dev.cairn.copy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of a chunk as its pieces are added: what lies side by side in the staging buffer
 * becomes one part, what is used where it lies another.
 */
public final class ChunkParts {
  private final ByteBuffer staging;
  private final List<ByteBuffer> done = new ArrayList<>();
  private int runBegin;
  private int end;

  /** Starts a chunk whose place in the staging buffer begins at its position. */
  ChunkParts(ByteBuffer staging) {
    this.staging = staging;
    this.runBegin = staging.position();
    this.end = runBegin;
  }

  /**
   * {@return a place in the staging buffer that a chunk is put together in, from position to limit}
   *
   * @param staging its position is the chunk's first byte
   * @param chunkOffset how many bytes of the chunk are before it
   * @param lengthBytes of the place
   */
  public static ByteBuffer place(ByteBuffer staging, long chunkOffset, long lengthBytes) {
    int begin = staging.position() + Math.toIntExact(chunkOffset);
    return staging.duplicate().limit(begin + Math.toIntExact(lengthBytes)).position(begin);
  }

  /**
   * {@return the place of the next piece in the staging buffer, from position to limit}
   *
   * @param lengthBytes of the piece; at most what is left of the chunk
   */
  public ByteBuffer nextPlace(int lengthBytes) {
    return staging.duplicate().limit(end + lengthBytes).position(end);
  }

  /**
   * Adds the next piece, which is in its place.
   *
   * @param lengthBytes what {@link #nextPlace} was asked for
   */
  public void addPlaced(int lengthBytes) {
    end += lengthBytes;
  }

  /**
   * Adds the next piece from memory elsewhere; its place stays empty.
   *
   * @param bytes the whole piece, from position to limit; must stay as it is until the sink has
   *     taken the chunk
   */
  public void addElsewhere(ByteBuffer bytes) {
    endRun();
    end += bytes.remaining();
    runBegin = end;
    done.add(bytes);
  }

  private void endRun() {
    if (runBegin < end) {
      done.add(staging.duplicate().limit(end).position(runBegin));
    }
  }

  /** Returns all parts in order; nothing is added afterwards. */
  List<ByteBuffer> all() {
    endRun();
    return done;
  }
}
