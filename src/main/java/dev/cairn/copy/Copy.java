package dev.cairn.copy;

import dev.cairn.copy.ChunkSource.Filling;
import dev.cairn.plan.Chunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * Moves chunks from a source to a sink through the staging buffers.
 *
 * <p>One thread stands behind each staging buffer that is used. It takes the next chunk in plan
 * order, fills its buffer and hands it on; so filling, receiving and writing of different chunks
 * overlap without a queue, and memory is what the staging has, whatever the model's size.
 */
public final class Copy {
  private final Iterator<Chunk> chunks;
  private final ChunkSource source;
  private final ChunkSink sink;
  private final Cancellation cancellation;
  private int nextSequence;
  private boolean stopped;

  /**
   * Prepares a copy; {@link #run} does it.
   *
   * @param chunks in plan order; none larger than a staging buffer
   * @param source makes the bytes; only this copy uses it until {@link #run} has returned
   * @param sink gets them, on the copy's threads; not closed here
   * @param cancellation asked before each chunk
   */
  public Copy(
      Iterator<Chunk> chunks, ChunkSource source, ChunkSink sink, Cancellation cancellation) {
    this(chunks, source, sink, cancellation, 0);
  }

  /**
   * Prepares a copy that follows another one.
   *
   * @param chunks in plan order; none larger than a staging buffer
   * @param source makes the bytes; only this copy uses it until {@link #run} has returned
   * @param sink gets them, on the copy's threads; not closed here
   * @param cancellation asked before each chunk
   * @param firstSequence what the first chunk is numbered
   */
  public Copy(
      Iterator<Chunk> chunks,
      ChunkSource source,
      ChunkSink sink,
      Cancellation cancellation,
      int firstSequence) {
    this.chunks = chunks;
    this.source = source;
    this.sink = sink;
    this.cancellation = cancellation;
    this.nextSequence = firstSequence;
  }

  /**
   * Copies every chunk. The threads that touch files are the copy's own: an interrupt of the caller
   * does not close a channel; it is kept for the caller to see.
   *
   * @param staging its buffers are used until the return
   * @throws IOException the first failure of source or sink; the others are suppressed in it
   */
  public void run(Staging staging) throws IOException {
    run(staging, staging.count());
  }

  /**
   * Copies every chunk, as {@link #run(Staging)} does, through fewer buffers.
   *
   * @param staging its first buffers are used until the return
   * @param threads how many, from 1 to the staging's count
   * @throws IOException the first failure of source or sink; the others are suppressed in it
   */
  public void run(Staging staging, int threads) throws IOException {
    BufferWorkers.run(staging, threads, "cairn-copy", this::work);
  }

  /** {@return the number of the chunk that would come next} */
  public synchronized int nextSequence() {
    return nextSequence;
  }

  /** A chunk and the work left on it; null when there is no more. */
  private record Started(Chunk chunk, int sequence, Filling filling) {}

  private void work(ByteBuffer buffer) throws IOException {
    try {
      for (Started next = start(buffer); next != null; next = start(buffer)) {
        sink.accept(next.chunk(), next.sequence(), next.filling().finish());
      }
    } catch (IOException | RuntimeException | Error e) {
      stop();
      throw e;
    }
  }

  private synchronized Started start(ByteBuffer buffer) throws IOException {
    if (stopped || !chunks.hasNext()) {
      return null;
    }
    cancellation.check();
    Chunk chunk = chunks.next();
    return new Started(chunk, nextSequence++, source.begin(chunk, Staging.placed(buffer, chunk)));
  }

  /** One chunk failed: the others on their way are finished, no new one is started. */
  private synchronized void stop() {
    stopped = true;
  }
}
