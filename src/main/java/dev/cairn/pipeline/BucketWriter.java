package dev.cairn.pipeline;

import dev.cairn.plan.Chunk;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;

/** Writes buckets in a thread of its own, one after the other. */
final class BucketWriter implements AutoCloseable {
  private final ChunkSink sink;
  private final Cancellation cancellation;
  private Thread thread;
  private int startedIndex = -1;
  private Throwable failure;

  BucketWriter(ChunkSink sink, Cancellation cancellation) {
    this.sink = sink;
    this.cancellation = cancellation;
  }

  /** Starts with a bucket, once the one before has been written. */
  void start(int index, Iterator<Chunk> chunks, ChunkSource source, Staging staging)
      throws IOException {
    await(index - 1);
    startedIndex = index;
    Copy copy = new Copy(chunks, source, sink, cancellation);
    thread =
        new Thread(
            () -> {
              try {
                copy.run(staging);
              } catch (IOException | RuntimeException | Error e) {
                failure = e; // read after the thread has been joined
              }
            },
            "cairn-bucket");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Waits until a bucket has been written.
   *
   * @throws IOException what went wrong with it, or with one before
   */
  void await(int index) throws IOException {
    if (thread == null || index < startedIndex) {
      return; // then it was waited for when the one after it was started
    }
    close();
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  /** Waits for what is being written, however that ends. */
  @Override
  public void close() {
    if (thread != null) {
      OwnThread.join(List.of(thread));
    }
  }
}
