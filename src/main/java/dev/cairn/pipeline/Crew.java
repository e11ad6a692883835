package dev.cairn.pipeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Threads that do the same work, one behind each staging buffer. */
public final class Crew {
  private Throwable failure;

  private Crew() {}

  /** What each thread does with its buffer. */
  public interface Work {
    /**
     * Works until there is nothing left to do.
     *
     * @param buffer this thread's staging buffer, empty; not to be used after the return
     * @throws IOException if this thread's part failed; the others are waited for
     */
    void with(ByteBuffer buffer) throws IOException;
  }

  /**
   * Runs the work on as many threads as there are staging buffers, and waits for all of them. They
   * are threads that nobody else knows: an interrupt of the caller is kept and disturbs no file.
   *
   * @param staging its buffers are used until the return
   * @param name what the threads are called, each with a number behind it
   * @param work done by every thread at the same time, each with its own buffer
   * @throws IOException the first failure; the others are suppressed in it
   */
  public static void run(Staging staging, String name, Work work) throws IOException {
    run(staging, staging.count(), name, work);
  }

  /** As the other, on the given number of threads, no more than there are buffers. */
  static void run(Staging staging, int count, String name, Work work) throws IOException {
    Crew crew = new Crew();
    List<Thread> threads = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      ByteBuffer buffer = staging.buffer(index);
      Thread thread = new Thread(() -> crew.work(work, buffer), name + "-" + index);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    OwnThread.join(threads);
    crew.rethrow();
  }

  private void work(Work work, ByteBuffer buffer) {
    try {
      work.with(buffer);
    } catch (IOException | RuntimeException | Error e) {
      fail(e);
    }
  }

  private synchronized void fail(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
    } else if (failure != thrown) {
      failure.addSuppressed(thrown);
    }
  }

  private synchronized void rethrow() throws IOException {
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
}
