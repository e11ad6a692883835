package dev.cairn.pipeline;

import java.io.IOException;
import java.util.List;

/** Writes buckets in a thread of its own, one after the other. */
final class BucketWriter implements AutoCloseable {
  /** The writing of one bucket. */
  interface Work {
    void run() throws IOException;
  }

  private Thread thread;
  private int startedIndex = -1;
  private Throwable failure;

  /** Starts with a bucket, once the one before has been written. */
  void start(int index, Work work) throws IOException {
    await(index - 1);
    startedIndex = index;
    thread =
        new Thread(
            () -> {
              try {
                work.run();
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
