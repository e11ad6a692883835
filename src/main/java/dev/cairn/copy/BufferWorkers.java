package dev.cairn.copy;

import dev.cairn.machine.Machine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Threads that take work from one queue until it is empty, each with a staging buffer. Fewer
 * threads do all of the work too.
 */
public final class BufferWorkers {
  private final Work work;
  private final Consumer<Throwable> onFailure;
  private int started;
  private Throwable failure;

  private BufferWorkers(Work work, Consumer<Throwable> onFailure) {
    this.work = work;
    this.onFailure = onFailure;
  }

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
   * are private threads: an interrupt of the caller is kept, and cannot close the files that are
   * being written. If the system gives fewer threads, those do it; if it gives none, the caller's
   * does.
   *
   * @param staging its buffers are used until the return
   * @param name what the threads are called, each with a number behind it
   * @param work done by every thread at the same time, each with its own buffer
   * @throws IOException the first failure; the others are suppressed in it
   */
  public static void run(Staging staging, String name, Work work) throws IOException {
    run(staging, name, work, failure -> {});
  }

  /**
   * As the other, for work whose threads wait for what others would have done.
   *
   * @param onFailure told the first failure at once, on the thread that failed: what other threads
   *     fail with because of it comes after it
   */
  public static void run(Staging staging, String name, Work work, Consumer<Throwable> onFailure)
      throws IOException {
    run(staging, staging.count(), name, new BufferWorkers(work, onFailure));
  }

  /** As the first, on the given number of threads, no more than there are buffers. */
  static void run(Staging staging, int count, String name, Work work) throws IOException {
    run(staging, count, name, new BufferWorkers(work, failure -> {}));
  }

  private static void run(Staging staging, int count, String name, BufferWorkers crew)
      throws IOException {
    List<Machine.Work> members =
        IntStream.range(0, count)
            .<Machine.Work>mapToObj(index -> () -> crew.work(staging.buffer(index)))
            .toList();
    List<Throwable> thrown = staging.machine().runAll(name, members);
    int started = crew.started();
    if (started < count) {
      Throwable reason = thrown.stream().filter(Objects::nonNull).findFirst().orElseThrow();
      ThreadShortage.tell(name, started, count, reason);
    }
    if (started == 0) {
      crew.work(staging.buffer(0));
    }
    crew.rethrow();
  }

  private void work(ByteBuffer buffer) {
    begin();
    try {
      work.with(buffer);
    } catch (IOException | RuntimeException | Error e) {
      if (isFirst(e)) {
        onFailure.accept(e);
      }
    }
  }

  private synchronized void begin() {
    started++;
  }

  private synchronized int started() {
    return started;
  }

  private synchronized boolean isFirst(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
      return true;
    }
    if (failure != thrown) {
      failure.addSuppressed(thrown);
    }
    return false;
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
